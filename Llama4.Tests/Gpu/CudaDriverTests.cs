using Llama4.Kernels;
using Llama4.Kernels.Gpu;
using Llama4.Kernels.Gpu.Driver;
using Encoding = Llama4.Kernels.Encoding;

namespace Llama4.Tests.Gpu;

/// <summary>The host's side of CUDA with a driver that runs nothing, compiled here where there is a C compiler.</summary>
public sealed class CudaDriverTests : IDisposable
{
    readonly FakeCuda driver = new();

    public void Dispose() => driver.Dispose();

    [Fact]
    public void Without_a_driver_one_sentence_says_so() =>
        Assert.Equal(
            "there is no NVIDIA driver (libnone.so.1, libnone.so not found): install it, or use the CPU",
            CudaDriver.Problem("libnone.so.1", "libnone.so"));

    [Theory]
    [InlineData("FAKECUDA_DEVICES", "0", "there is an NVIDIA driver but no GPU")]
    [InlineData("FAKECUDA_INIT", "100", "there is an NVIDIA driver but no GPU")]
    [InlineData("FAKECUDA_INIT", "999", "the NVIDIA driver does not start, error 999, made to fail: check nvidia-smi")]
    [InlineData("FAKECUDA_VERSION", "11080", "the NVIDIA driver is for CUDA 11.8, and 12.4 or newer is needed")]
    public void A_driver_that_will_not_do_is_named(string variable, string value, string expected)
    {
        Dictionary<string, string> environment = driver.Environment();
        environment[variable] = value;
        environment["EXPECTED"] = expected;
        Emulated.Check(Refused, environment);
    }

    static void Refused() =>
        Assert.Contains(
            Environment.GetEnvironmentVariable("EXPECTED")!,
            Assert.Throws<DeviceUnavailableException>(() => GpuDevice.OpenCuda()).Message);

    [Theory]
    [InlineData("libcuda.so.1")]
    [InlineData("libcuda.so")]
    public void A_step_goes_through_the_driver_under_either_name(string name)
    {
        Emulated.Check(Step, driver.Environment(name));
        PtxChecker.Check("AddRows", driver.LastText);
        string[] lines = driver.Launches;
        Assert.Equal(2, lines.Length);
        Assert.All(lines, line => Assert.StartsWith("grid 1,1,1 group 256,1,1 shared 0 arguments ", line));
        // x, its numbers, y, its numbers: the same memory twice.
        byte[] arguments = Convert.FromHexString(lines[0].Split("arguments ")[1].Replace(" ", ""));
        Assert.NotEqual(0, BitConverter.ToInt64(arguments, 0));
        Assert.Equal((BitConverter.ToInt64(arguments, 0), 120, 120), (BitConverter.ToInt64(arguments, 16), BitConverter.ToInt64(arguments, 8), BitConverter.ToInt64(arguments, 24)));
    }

    static void Step()
    {
        using GpuDevice device = GpuDevice.OpenCuda();
        Assert.Equal("Fake H200", device.Name);
        Tensor x = device.Allocate(3, 40, Encoding.F32);
        device.Upload<float>([1, 2, 3], x);
        device.AddRows(x, x);
        device.AddRows(x, x);
        var read = new float[4];
        device.Download<float>(x, read);
        Assert.Equal([1, 2, 3, 0], read);
        var error = Assert.Throws<OutOfMemoryException>(() => device.Allocate(200L << 30));
        Assert.StartsWith("214,748,364,800 bytes asked for: 480 bytes already held on Fake H200 with 151,397,597,184 (", error.Message);
        x.Buffer.Dispose();
        Assert.Contains("there is no CUDA device 1: there are 1", Assert.Throws<DeviceUnavailableException>(() => GpuDevice.OpenCuda(1)).Message);
    }
}
