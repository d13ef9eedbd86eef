using Llama4.Kernels;
using Llama4.Kernels.Cpu;
using Encoding = Llama4.Kernels.Encoding;

namespace Llama4.Tests.Kernels;

public sealed class CpuDeviceTests
{
    [Fact]
    public void Memory_is_zeroed_aligned_and_counted()
    {
        using var device = new CpuDevice(new CpuOptions { Threads = 1 });
        var buffers = new List<Llama4.Kernels.Buffer>();
        foreach (int bytes in (int[])[0, 1, 63, 64, 65, 4096, 3_000_001])
        {
            Llama4.Kernels.Buffer buffer = device.Allocate(bytes);
            buffers.Add(buffer);
            Assert.Equal(0, buffer.Address % 64);
            Assert.Equal(bytes, buffer.Bytes);
            var content = new byte[bytes];
            device.Download<byte>(new Tensor(buffer, 0, 1, bytes, Encoding.F8E4M3), content);
            Assert.True(content.AsSpan().IndexOfAnyExcept((byte)0) < 0);
        }
        Assert.Equal(buffers.Sum(b => b.Bytes), device.AllocatedBytes);
        foreach (Llama4.Kernels.Buffer buffer in buffers) buffer.Dispose();
        buffers[^1].Dispose();
        Assert.Equal(0, device.AllocatedBytes);
    }

    [Fact]
    public void Memory_used_after_its_end_is_an_error_and_no_crash()
    {
        using var device = new CpuDevice(new CpuOptions { Threads = 1 });
        Tensor tensor = device.Allocate(2, 8, Encoding.F32);
        tensor.Buffer.Dispose();
        Assert.Throws<ObjectDisposedException>(() => tensor.Buffer.Address);
        Assert.Throws<ObjectDisposedException>(() => device.RmsNorm(tensor, null, 1e-5f, tensor));
        Assert.Throws<ObjectDisposedException>(() => device.Download<float>(tensor, new float[16]));
    }

    [Fact]
    public void More_memory_than_there_is_is_refused_with_numbers()
    {
        using var device = new CpuDevice(new CpuOptions { Threads = 1 });
        foreach (long bytes in (long[])[GC.GetGCMemoryInfo().TotalAvailableMemoryBytes + 1, long.MaxValue / 2, long.MaxValue])
        {
            var error = Assert.Throws<OutOfMemoryException>(() => device.Allocate(bytes));
            Assert.Contains($"{bytes:N0}", error.Message);
        }
        Assert.Equal(0, device.AllocatedBytes);
        Assert.Throws<ArgumentOutOfRangeException>(() => device.Allocate(-1));
    }

    [Fact]
    public void An_operation_after_dispose_is_refused()
    {
        var device = new CpuDevice(new CpuOptions { Threads = 2 });
        using var memory = new Workspace(device);
        Tensor x = memory.Floats(new float[8], 1, 8);
        device.Dispose();
        device.Dispose();
        Assert.Throws<ObjectDisposedException>(() => device.Gelu(x));
    }

    [Fact]
    public void Several_devices_work_side_by_side()
    {
        Parallel.For(0, 4, i =>
        {
            using var device = new CpuDevice(new CpuOptions { Threads = 1 + i });
            using var memory = new Workspace(device);
            Tensor x = memory.Floats(Numbers.Normal(i, 40_000), 40, 1000);
            for (int round = 0; round < 20; round++) device.RmsNorm(x, null, 1e-5f, x);
            Assert.All(memory.Read(x), value => Assert.True(float.IsFinite(value)));
        });
    }

    [Fact]
    public void The_name_tells_the_processor_the_path_and_the_threads()
    {
        using var device = new CpuDevice(new CpuOptions { Threads = 2, Path = "portable" });
        Assert.EndsWith("path portable, 2 threads", device.Name);
        Assert.InRange(new CpuOptions().Threads, 1, Environment.ProcessorCount);
        Assert.Equal(ActivationPrecision.Int8, new CpuOptions().Activations);
    }

    [Fact]
    public void Transfers_are_checked()
    {
        using var device = new CpuDevice(new CpuOptions { Threads = 1 });
        using var memory = new Workspace(device);
        Tensor tensor = memory.Floats([1, 2, 3, 4, 5, 6], 2, 3);
        Assert.Equal([1f, 2, 3, 4, 5, 6], memory.Read(tensor));
        device.Upload<float>([9], tensor);
        var part = new float[2];
        device.Download<float>(tensor, part);
        Assert.Equal([9f, 2], part);
        Assert.Throws<ArgumentException>(() => device.Upload<float>(new float[7], tensor));
        Assert.Throws<ArgumentException>(() => device.Download<float>(tensor, new float[7]));
        Assert.Throws<ArgumentException>(() => device.Upload<float>([1], tensor.ColumnRange(1, 2)));
        Assert.Throws<ArgumentException>(() => device.Upload<float>([1], tensor with { Offset = 4 }));
        Assert.Throws<ArgumentException>(() => device.Upload<float>([1], tensor with { Offset = -4 }));
    }

    [Fact]
    public void A_matrix_of_a_file_is_a_view_that_cannot_be_written()
    {
        string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        try
        {
            File.WriteAllBytes(path, [1, 2, 3, 4, 0, 0, 128, 63, 0, 0, 0, 64]);
            using var file = new MappedFile(path);
            using var device = new CpuDevice(new CpuOptions { Threads = 1 });
            Tensor tensor = device.Import(file, 4, 1, 2, Encoding.F32);
            var values = new float[2];
            device.Download<float>(tensor, values);
            Assert.Equal([1f, 2f], values);
            Assert.Equal(0, device.AllocatedBytes);
            Assert.Throws<ArgumentException>(() => device.Upload<float>([1], tensor));
            Assert.Throws<ArgumentException>(() => device.Gelu(tensor));
            Assert.Throws<ArgumentException>(() => device.Import(file, 8, 1, 2, Encoding.F32));
            Assert.Throws<ArgumentException>(() => device.Import(file, -4, 1, 2, Encoding.F32));
        }
        finally
        {
            File.Delete(path);
        }
    }
}
