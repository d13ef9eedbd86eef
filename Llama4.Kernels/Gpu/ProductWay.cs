using Llama4.Kernels.Cpu;

namespace Llama4.Kernels.Gpu;

/// <summary>The kernels that a product can be done by.</summary>
enum ProductWay
{
    /// <summary>Any format and layout, number by number.</summary>
    Plain,

    /// <summary>Quantised weights, x as bytes.</summary>
    FewRowsBytes,

    /// <summary>Float weights, x as it is.</summary>
    FewRowsFloats,
}

sealed partial class GpuDevice
{
    /// <summary>Depends on shapes, formats and addresses only, never on numbers.</summary>
    /// <param name="address">Of the weights; of several, the bits that are set in any.</param>
    ProductWay WayOf(in Tensor x, Weight weight, long address)
    {
        if (weight.InputMajor || x.Address % 16 != 0) return ProductWay.Plain;
        address |= weight.Values.RowBytes;
        bool aligned = address % 16 == 0;
        return weight.Encoding switch
        {
            Encoding.F32 or Encoding.F16 or Encoding.BF16 or Encoding.F8E4M3 =>
                aligned && x.Columns % (16 / weight.Encoding.BlockBytes()) == 0 ? ProductWay.FewRowsFloats : ProductWay.Plain,
            Encoding.Q4_K when !aligned => ProductWay.Plain,
            Encoding.Q8_0 or Encoding.Q4_0 or Encoding.Q4_K or Encoding.Q6_K =>
                activations == ActivationPrecision.Int8 && address % 2 == 0 && x.Count <= int.MaxValue ? ProductWay.FewRowsBytes : ProductWay.Plain,
            _ => ProductWay.Plain,
        };
    }
}
