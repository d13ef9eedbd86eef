using Llama4.Kernels.Gpu.Products;

namespace Llama4.Kernels.Gpu;

/// <summary>The kernels that a product can be done by.</summary>
enum ProductWay
{
    /// <summary>Any format and layout, number by number; x as it is.</summary>
    Plain,

    /// <summary>Quantised weights, x as bytes.</summary>
    FewRowsBytes,

    /// <summary>The same by tensor cores.</summary>
    FewRowsFragments,

    /// <summary>Float weights, x as it is.</summary>
    FewRowsFloats,

    /// <summary>x and W as bfloat16, by tensor cores; W by loads of 16 bytes.</summary>
    ManyRows,

    /// <summary>The same, W number by number.</summary>
    ManyRowsDecoded,
}

sealed partial class GpuDevice
{
    // From this many rows on weights are read less often, and used faster, by the tiles of tensor cores; with experts, where rows do not share weights, later;
    // where fragments can be loaded as they lie, later too, since tiles are large for few rows and wait for memory.
    const int FewestRows = 9, FewestExpertRows = 17, FewestRowsAfterFragments = 33;

    // From this many rows on a product of fragments costs fewer instructions than one of bytes for each row.
    const int FewestFragmentRows = 3;

    /// <summary>Depends on shapes, formats and addresses only, never on numbers.</summary>
    /// <param name="address">Of the weights; of several, the bits that are set in any.</param>
    ProductWay WayOf(in Tensor x, Weight weight, long address, bool hasExperts = false)
    {
        bool isWide = !weight.InputMajor && x.Address % 16 == 0 && HasWideLoads(weight, address | weight.Values.RowBytes);
        bool isFloat = weight.Encoding is Encoding.F32 or Encoding.F16 or Encoding.BF16 or Encoding.F8E4M3;
        bool mayRound = activations == ActivationPrecision.Int8 && (long)x.Rows * BFloatRows.Padded(x.Columns) <= int.MaxValue;
        bool hasFragments = isWide && !hasExperts && weight.Encoding is (Encoding.Q4_K or Encoding.Q8_0) && x.Columns % 64 == 0;
        int fewest = hasExperts ? FewestExpertRows : hasFragments ? FewestRowsAfterFragments : FewestRows;
        if (mayRound && weight.Encoding != Encoding.F32 && x.Rows >= fewest) return isWide ? ProductWay.ManyRows : ProductWay.ManyRowsDecoded;
        if (!isWide) return ProductWay.Plain;
        if (isFloat) return ProductWay.FewRowsFloats;
        if (!mayRound) return ProductWay.Plain;
        return hasFragments && x.Rows >= FewestFragmentRows ? ProductWay.FewRowsFragments : ProductWay.FewRowsBytes;
    }

    static bool HasWideLoads(Weight weight, long address) => weight.Encoding switch
    {
        Encoding.F32 or Encoding.F16 or Encoding.BF16 or Encoding.F8E4M3 =>
            address % 16 == 0 && weight.Inputs % (16 / weight.Encoding.BlockBytes()) == 0,
        Encoding.Q4_K => address % 16 == 0,
        Encoding.Q8_0 or Encoding.Q4_0 or Encoding.Q6_K => address % 2 == 0,
        _ => false,
    };
}
