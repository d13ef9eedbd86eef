using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Products;

/// <summary>Scales and offsets of two neighbouring groups of 32 numbers of a Q4_K block.</summary>
struct Q4_KScales
{
    public float FirstScale, FirstOffset, SecondScale, SecondOffset;

    /// <param name="head">The first 16 bytes of the block: two halves and the 12 bytes of <see cref="Formats.KScales"/>.</param>
    /// <param name="pair">Groups 2 pair and 2 pair + 1.</param>
    public static Q4_KScales Of(UInt4 head, int pair)
    {
        // The bytes of both groups in Y, Z, W are neighbours.
        int shift = (pair & 1) * 16;
        bool last = pair > 1;
        uint a = head.Y >> shift, b = head.Z >> shift, c = head.W >> shift;
        uint scales = Words.Select(c & 0x0F0F | a >> 2 & 0x3030, a & 0x3F3F, last);
        uint minima = Words.Select(c >> 4 & 0x0F0F | b >> 2 & 0x3030, b & 0x3F3F, last);
        float d = Words.LowHalf(head.X), dmin = -Words.HighHalf(head.X);
        Q4_KScales result = default;
        result.FirstScale = d * (int)(scales & 63);
        result.SecondScale = d * (int)(scales >> 8 & 63);
        result.FirstOffset = dmin * (int)(minima & 63);
        result.SecondOffset = dmin * (int)(minima >> 8 & 63);
        return result;
    }
}
