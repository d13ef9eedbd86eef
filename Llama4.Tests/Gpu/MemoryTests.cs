using Llama4.Kernels;
using Llama4.Kernels.Gpu;
using Encoding = Llama4.Kernels.Encoding;

namespace Llama4.Tests.Gpu;

public sealed class MemoryTests
{
    [Fact]
    public void Memory_is_zeroed_counted_and_copied() => Emulated.Check(Copies);

    static void Copies()
    {
        using GpuDevice device = EmulatedDevice.Create();
        Llama4.Kernels.Buffer buffer = device.Allocate(1000);
        Assert.Equal((1000, 1000), (buffer.Bytes, device.AllocatedBytes));
        var tensor = new Tensor(buffer, 100, 2, 50, Encoding.F32);
        var read = new float[100];
        device.Download<float>(tensor, read);
        Assert.All(read, value => Assert.Equal(0, value));
        device.Upload<float>([1, 2, 3], tensor);
        device.Download<float>(tensor, read.AsSpan(0, 4));
        Assert.Equal([1, 2, 3, 0], read[..4]);
        Assert.Throws<ArgumentException>(() => device.Upload<float>(new float[101], tensor));
        Assert.Throws<ArgumentException>(() => device.Download<float>(tensor.ColumnRange(0, 25), read.AsSpan(0, 50)));
        buffer.Dispose();
        buffer.Dispose();
        Assert.Equal(0, device.AllocatedBytes);
        Assert.Throws<ObjectDisposedException>(() => tensor.Address);
        Imports(device);
    }

    // Three times the staging memory, so that each is used again, and not a multiple of it.
    static void Imports(GpuDevice device)
    {
        string path = Path.GetTempFileName();
        try
        {
            var bytes = new byte[(48 << 20) + 12_345];
            new Random(1).NextBytes(bytes);
            File.WriteAllBytes(path, bytes);
            using var file = new MappedFile(path);
            Tensor whole = device.Import(file, 45, 100, (bytes.Length - 45) / 100, Encoding.F8E4M3);
            var read = new byte[whole.Bytes];
            device.Download<byte>(whole, read);
            Assert.True(read.AsSpan().SequenceEqual(bytes.AsSpan(45, read.Length)));
            Assert.Throws<ArgumentException>(() => device.Import(file, 45, 101, bytes.Length / 100, Encoding.F8E4M3));
        }
        finally
        {
            File.Delete(path);
        }
    }
}
