using Llama4.Kernels;
using Encoding = Llama4.Kernels.Encoding;

namespace Llama4.Tests.Kernels;

/// <summary>Tensors of one test: guarded where the device reads host memory. Disposing it checks the guards.</summary>
sealed class Workspace(Device device) : IDisposable
{
    readonly List<Llama4.Kernels.Buffer> buffers = [];

    public Device Device => device;

    public Tensor Floats(ReadOnlySpan<float> values, int rows, int columns)
    {
        Tensor tensor = New(rows, columns, Encoding.F32);
        device.Upload(values, tensor);
        return tensor;
    }

    /// <summary>A row of whole numbers.</summary>
    public Tensor Integers(params ReadOnlySpan<int> values) => Integers(values, 1, values.Length);

    public Tensor Integers(ReadOnlySpan<int> values, int rows, int columns)
    {
        Tensor tensor = New(rows, columns, Encoding.I32);
        device.Upload(values, tensor);
        return tensor;
    }

    public Tensor Addresses(ReadOnlySpan<long> values, int rows, int columns)
    {
        Tensor tensor = New(rows, columns, Encoding.I64);
        device.Upload(values, tensor);
        return tensor;
    }

    /// <summary>Memory of its own, zeroed.</summary>
    public Tensor New(int rows, int columns, Encoding encoding = Encoding.F32) =>
        new(Memory(rows * encoding.RowBytes(columns)), 0, rows, columns, encoding);

    public Llama4.Kernels.Buffer Memory(long bytes)
    {
        Llama4.Kernels.Buffer buffer = device is Llama4.Kernels.Cpu.CpuDevice ? new Guarded(bytes) : device.Allocate(bytes);
        buffers.Add(buffer);
        return buffer;
    }

    public float[] Read(Tensor tensor)
    {
        var values = new float[tensor.Count];
        device.Download<float>(tensor, values);
        return values;
    }

    public int[] ReadIntegers(Tensor tensor)
    {
        var values = new int[tensor.Count];
        device.Download<int>(tensor, values);
        return values;
    }

    public void Dispose()
    {
        foreach (Llama4.Kernels.Buffer buffer in buffers) buffer.Dispose();
    }
}
