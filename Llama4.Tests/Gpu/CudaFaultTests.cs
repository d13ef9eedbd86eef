using Llama4.Core;
using Llama4.Core.Formats;
using Llama4.Core.Generation;
using Llama4.Kernels;
using Llama4.Kernels.Cpu;
using Llama4.Kernels.Gpu;
using Llama4.Kernels.Gpu.Compiler;
using Llama4.Kernels.Gpu.Instructions;
using Llama4.Tests.Generation;
using Encoding = Llama4.Kernels.Encoding;

namespace Llama4.Tests.Gpu;

/// <summary>F17 to F20: every call to the driver fails in turn, for the whole of the host's side of CUDA.</summary>
public sealed class CudaFaultTests : IDisposable
{
    const int OutOfMemory = 2, IllegalAddress = 700, NotReady = 600;

    readonly FakeCuda driver = new();

    public void Dispose() => driver.Dispose();

    [Fact]
    public void A_step_is_recorded_and_run_again() => Emulated.Check(Record, driver.Environment());

    static void Record()
    {
        using GpuDevice device = GpuDevice.OpenCuda();
        Tensor x = device.Allocate(3, 40, Encoding.F32);
        void Step()
        {
            device.RmsNorm(x, null, 1e-5f, x);
            device.AddRows(x, x);
        }
        Step();
        using (Recording recording = device.Record(Step))
        {
            Assert.Equal(2, Launches().Length);
            recording.Run();
            recording.Run();
            string[] lines = Launches();
            Assert.Equal(6, lines.Length);
            for (int i = 2; i < 6; i++) Assert.Equal($"graph {lines[i % 2]}", lines[i]);
        }
        // What does not belong in a recording is refused, and the stream is whole again.
        foreach (Action wrong in (Action[])[
            () => device.Upload<float>([1], x), () => device.Download<float>(x, new float[1]), () => device.Allocate(1), () => device.Gelu(x)])
            Assert.Contains("cannot be recorded", Assert.Throws<InvalidOperationException>(() => device.Record(wrong)).Message);
        device.Gelu(x);
        device.Record(() => device.Gelu(x)).Dispose();
    }

    [Fact]
    public void A_group_may_have_much_shared_memory()
    {
        Emulated.Check(Sharing, driver.Environment());
        Assert.Equal(["attribute 8 is 102400", "shared 102400", "shared 49152", "shared 102400"], driver.Launches.Select(Shown));

        static string Shown(string line) => line.StartsWith("grid", StringComparison.Ordinal) ? string.Join(' ', line.Split(' ')[4..6]) : line;
    }

    static void Sharing()
    {
        using GpuDevice device = GpuDevice.OpenCuda();
        foreach (int bytes in (int[])[100 << 10, 48 << 10, 100 << 10]) device.Launch(1, new SharedKernel(), sharedBytes: bytes);
    }

    /// <summary>Public, since ILGPU generates code that names it.</summary>
    public readonly struct SharedKernel : IKernel
    {
        public void Run() => SharedBytes.Store(SharedBytes.Open(), default);
    }

    static string[] Launches() => File.ReadAllLines(FakeCuda.LaunchFile);

    [Fact]
    public void A_driver_that_fails_while_a_device_is_opened_is_named() => Emulated.Check(Opening, driver.Environment());

    static void Opening()
    {
        // ILGPU starts the driver once for the whole process.
        GpuDevice.OpenCuda().Dispose();
        var failed = new HashSet<string>();
        for (int call = 1; ; call++)
        {
            FakeCuda.FailAt(call, IllegalAddress);
            Exception? error = Xunit.Record.Exception(() => GpuDevice.OpenCuda().Dispose());
            if (FakeCuda.FailedCall is not { } name) break;
            failed.Add(name);
            if (error is not null) Assert.True(error is DeviceUnavailableException && error.Message.Contains("the CPU"), $"{name}: {error}");
        }
        Assert.Superset(new HashSet<string> { "cuInit", "cuDeviceGetCount", "cuCtxCreate_v2", "cuStreamCreate" }, failed);
        FakeCuda.FailAt(0, 0);
        RunFinalizers();
        GpuDevice.OpenCuda().Dispose();
    }

    /// <summary>One that throws ends the process.</summary>
    static void RunFinalizers()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
    }

    [Fact]
    public void After_an_error_the_device_is_dead_and_says_so() => Emulated.Check(Dying, driver.Environment());

    static void Dying()
    {
        var failed = new HashSet<string>();
        for (int call = 1; ; call++)
        {
            FakeCuda.FailAt(0, 0);
            GpuDevice device = GpuDevice.OpenCuda();
            FakeCuda.FailAt(call, IllegalAddress);
            Exception? error = Xunit.Record.Exception(() => Work(device));
            if (error is not null)
            {
                Assert.Contains("made to fail", Assert.IsType<DeviceFaultException>(error).Message);
                // What was being freed when it died shows in the next call.
                string first = error.Message.Contains("freeing") ? error.Message : $"Fake H200 is out of service: {error.Message}";
                foreach (Exception? later in (Exception?[])[
                    Xunit.Record.Exception(() => Work(device)), Xunit.Record.Exception(() => device.Record(() => { })), Xunit.Record.Exception(() => device.Allocate(1))])
                    Assert.Equal(first, Assert.IsType<DeviceFaultException>(later).Message);
            }
            device.Dispose();
            if (FakeCuda.FailedCall is not { } name) break;
            failed.Add(name);
        }
        Assert.Superset(
            new HashSet<string>
            {
                "cuMemAlloc_v2", "cuMemsetD8Async", "cuMemcpyAsync", "cuModuleLoadDataEx", "cuModuleGetFunction", "cuLaunchKernel", "cuStreamQuery", "cuStreamBeginCapture_v2",
                "cuStreamEndCapture", "cuGraphInstantiateWithFlags", "cuGraphLaunch", "cuMemFree_v2", "cuStreamDestroy_v2", "cuCtxDestroy_v2",
            }, failed);
        RunFinalizers();
        using var processor = new CpuDevice();
        Tensor x = processor.Allocate(1, 4, Encoding.F32);
        processor.Gelu(x);
    }

    [Fact]
    public void Without_memory_the_device_lives_on() => Emulated.Check(Starving, driver.Environment());

    static void Starving()
    {
        using GpuDevice device = GpuDevice.OpenCuda();
        for (int call = 1; ; call++)
        {
            FakeCuda.FailAt(call, OutOfMemory);
            Exception? error = Xunit.Record.Exception(() => Work(device));
            if (FakeCuda.FailedCall is not { } name) break;
            FakeCuda.FailAt(0, 0);
            if (error is not null) Assert.Matches(@"already held on Fake H200 with 151,397,597,184 \(made to fail\)", Assert.IsType<OutOfMemoryException>(error).Message);
            Work(device);
            Assert.Equal(0, device.AllocatedBytes);
        }
    }

    [Fact]
    public void A_kernel_that_does_not_end_is_given_up() => Emulated.Check(Hanging, driver.Environment());

    static void Hanging()
    {
        GpuDevice device = GpuDevice.OpenCuda();
        GpuDevice.Patience = TimeSpan.FromSeconds(0.1);
        FakeCuda.FailAt(1, NotReady);
        Assert.Contains("a kernel on Fake H200 does not end", Assert.Throws<DeviceFaultException>(() => Work(device)).Message);
        Assert.Contains("is out of service: a kernel", Assert.Throws<DeviceFaultException>(() => Work(device)).Message);
        device.Dispose();
    }

    [Fact]
    public void Requests_hear_that_the_device_died_and_the_processor_still_answers() => Emulated.Check(Serving, driver.Environment());

    static void Serving() => ServingAsync().GetAwaiter().GetResult();

    static async Task ServingAsync()
    {
        var options = new GenerationOptions { MaxTokens = 1000 };
        await using (Llama onGpu = LlamaLoader.Load(Checkpoint.Open(Llama.DemoModelPath), new LlamaOptions(), _ => new DeviceSet(GpuDevice.OpenCuda()), null, default))
        {
            // Behind the calls of loading and of the first steps, in the middle of the recorded ones.
            FakeCuda.FailAt(3000, IllegalAddress);
            Task<Completion>[] running = [.. Enumerable.Range(0, 3).Select(_ => onGpu.ChatAsync("Hello", options).WholeAsync())];
            foreach (Task<Completion> request in running)
                Assert.Matches("^the engine stopped: .* failed on Fake H200: made to fail$", (await Assert.ThrowsAsync<DeviceFaultException>(() => request)).Message);
            var later = await Assert.ThrowsAsync<DeviceFaultException>(() => onGpu.ChatAsync("Hello", options).WholeAsync());
            Assert.StartsWith("the engine stopped: ", later.Message);
        }
        await using Llama onCpu = await Llama.LoadAsync(Llama.DemoModelPath);
        Assert.NotEmpty((await onCpu.ChatAsync("Hello", new GenerationOptions { MaxTokens = 5 }).WholeAsync()).Tokens);
    }

    /// <summary>Everything that the host does with a device.</summary>
    static void Work(GpuDevice device)
    {
        var buffers = new List<Llama4.Kernels.Buffer>();
        try
        {
            Tensor x = device.Allocate(3, 40, Encoding.F32);
            buffers.Add(x.Buffer);
            // More than is uploaded at a time.
            float[] numbers = [.. Enumerable.Range(0, 300_000)];
            Tensor large = device.Allocate(1, numbers.Length, Encoding.F32);
            buffers.Add(large.Buffer);
            device.Upload<float>([1, 2, 3], x);
            device.Upload<float>(numbers, large);
            device.RmsNorm(x, null, 1e-5f, x);
            using (Recording recording = device.Record(() => device.RmsNorm(x, null, 1e-5f, x))) recording.Run();
            var read = new float[4];
            device.Download<float>(x, read);
            Assert.Equal([1, 2, 3, 0], read);
            var back = new float[numbers.Length];
            device.Download<float>(large, back);
            Assert.True(back.AsSpan().SequenceEqual(numbers));
        }
        finally
        {
            foreach (Llama4.Kernels.Buffer buffer in buffers) buffer.Dispose();
        }
    }
}
