using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Products;

/// <summary>One matrix of a product, and where its output goes.</summary>
struct ProductPart
{
    /// <summary>Address of y, F32 [rows, Outputs].</summary>
    public long Y;

    public int Outputs;

    /// <summary>1: y += instead of y =.</summary>
    public int Add;

    /// <summary>Addresses of the weights, and of the scales or 0; with experts, in <see cref="Table"/> instead.</summary>
    public long Weights, Scales;

    /// <summary>Bytes from a block to the one of the next output, and to the next along the inputs.</summary>
    public long OutputBytes, InputBytes;

    /// <summary>Bias of each output, or 0.</summary>
    public long Bias;

    /// <summary>For each expert the addresses of weights and scales.</summary>
    public long Table;

    /// <summary>The part with the matrix of an expert.</summary>
    public readonly ProductPart Of(int expert)
    {
        ProductPart part = this;
        part.Weights = Memory.Long(Table + expert * 16L);
        part.Scales = Memory.Long(Table + expert * 16L + 8);
        return part;
    }

    public readonly void Store(int row, int output, float sum)
    {
        long at = Y + ((long)row * Outputs + output) * 4;
        if (Scales != 0) sum *= Memory.Float(Scales + output * 4L);
        if (Bias != 0) sum += Memory.Float(Bias + output * 4L);
        if (Add != 0) sum += Memory.Float(at);
        Memory.Store(at, sum);
    }
}
