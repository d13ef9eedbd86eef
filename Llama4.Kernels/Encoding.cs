namespace Llama4.Kernels;

/// <summary>How the numbers of a tensor are stored. Names follow the file formats that define them; one file per format in Formats/.</summary>
public enum Encoding : byte
{
    F32,
    F16,
    BF16,
    /// <summary>8-bit float, 4 exponent and 3 mantissa bits, no infinity, largest value 448.</summary>
    F8E4M3,
    Q8_0,
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q2_K,
    Q3_K,
    Q4_K,
    Q5_K,
    Q6_K,
    IQ4_NL,
    IQ4_XS,
    MXFP4,
    /// <summary>Whole numbers of a step: positions, rows, experts.</summary>
    I32,
    /// <summary>Device addresses of cache pages.</summary>
    I64,
}

/// <summary>Sizes of the encodings: every row is a whole number of blocks.</summary>
public static class Encodings
{
    /// <summary>Numbers in one block.</summary>
    public static int BlockLength(this Encoding encoding) => encoding switch
    {
        Encoding.F32 or Encoding.F16 or Encoding.BF16 or Encoding.F8E4M3 or Encoding.I32 or Encoding.I64 => 1,
        Encoding.Q8_0 or Encoding.Q4_0 or Encoding.Q4_1 or Encoding.Q5_0 or Encoding.Q5_1 or Encoding.IQ4_NL or Encoding.MXFP4 => 32,
        _ => 256,
    };

    /// <summary>Bytes of one block.</summary>
    public static int BlockBytes(this Encoding encoding) => encoding switch
    {
        Encoding.I64 => 8,
        Encoding.F32 or Encoding.I32 => 4,
        Encoding.F16 or Encoding.BF16 => 2,
        Encoding.F8E4M3 => 1,
        Encoding.Q8_0 => 34,
        Encoding.Q4_0 or Encoding.IQ4_NL => 18,
        Encoding.Q4_1 => 20,
        Encoding.Q5_0 => 22,
        Encoding.Q5_1 => 24,
        Encoding.MXFP4 => 17,
        Encoding.Q2_K => 84,
        Encoding.Q3_K => 110,
        Encoding.Q4_K => 144,
        Encoding.Q5_K => 176,
        Encoding.Q6_K => 210,
        Encoding.IQ4_XS => 136,
        _ => throw new ArgumentOutOfRangeException(nameof(encoding), encoding, "not an encoding"),
    };

    /// <summary>Bytes of a row of <paramref name="columns"/> numbers.</summary>
    /// <exception cref="ArgumentException">The row is not a whole number of blocks.</exception>
    public static long RowBytes(this Encoding encoding, long columns)
    {
        int length = encoding.BlockLength();
        if (columns < 0 || columns % length != 0)
            throw new ArgumentException($"a row of {columns} numbers is not a whole number of {encoding} blocks of {length}", nameof(columns));
        return checked(columns / length * encoding.BlockBytes());
    }
}
