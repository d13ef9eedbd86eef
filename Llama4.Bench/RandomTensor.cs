using Llama4.Kernels;

namespace Llama4.Bench;

static class RandomTensor
{
    /// <summary>F32 [rows, columns], uniform in [-1, 1].</summary>
    public static Tensor Make(Device device, int rows, int columns)
    {
        var random = new Random(7);
        var values = new float[rows * columns];
        foreach (ref float value in values.AsSpan()) value = 2 * random.NextSingle() - 1;
        Tensor tensor = device.Allocate(rows, columns, Encoding.F32);
        device.Upload<float>(values, tensor);
        return tensor;
    }
}
