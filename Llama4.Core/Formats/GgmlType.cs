using Llama4.Kernels;

namespace Llama4.Core.Formats;

/// <summary>The numbers by which GGUF names the encodings of tensors.</summary>
internal static class GgmlType
{
    static readonly (uint Number, Encoding Encoding)[] supported =
    [
        (0, Encoding.F32), (1, Encoding.F16), (30, Encoding.BF16), (8, Encoding.Q8_0), (2, Encoding.Q4_0), (3, Encoding.Q4_1),
        (6, Encoding.Q5_0), (7, Encoding.Q5_1), (10, Encoding.Q2_K), (11, Encoding.Q3_K), (12, Encoding.Q4_K), (13, Encoding.Q5_K),
        (14, Encoding.Q6_K), (20, Encoding.IQ4_NL), (23, Encoding.IQ4_XS), (39, Encoding.MXFP4), (26, Encoding.I32), (27, Encoding.I64),
    ];

    /// <summary>For messages: "Q4_0, Q4_1, …".</summary>
    public static string SupportedNames => string.Join(", ", supported.Where(t => t.Number is not (26 or 27)).Select(t => t.Encoding));

    public static Encoding? ToEncoding(uint number)
    {
        foreach ((uint n, Encoding encoding) in supported)
            if (n == number) return encoding;
        return null;
    }

    public static uint FromEncoding(Encoding encoding)
    {
        foreach ((uint number, Encoding e) in supported)
            if (e == encoding) return number;
        throw new ArgumentOutOfRangeException(nameof(encoding), encoding, "GGUF has no such type");
    }

    /// <summary>For messages about types that are not supported.</summary>
    public static string NameOf(uint number) => number switch
    {
        9 => "Q8_1",
        15 => "Q8_K",
        16 => "IQ2_XXS",
        17 => "IQ2_XS",
        18 => "IQ3_XXS",
        19 => "IQ1_S",
        21 => "IQ3_S",
        22 => "IQ2_S",
        24 => "I8",
        25 => "I16",
        28 => "F64",
        29 => "IQ1_M",
        34 => "TQ1_0",
        35 => "TQ2_0",
        40 => "NVFP4",
        4 or 5 or 31 or 32 or 33 or 36 or 37 or 38 => $"{number}, removed from the format",
        _ => $"{number}, unknown",
    };
}
