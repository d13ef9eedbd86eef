using ILGPU;
using ILGPU.IR.Intrinsics;

namespace Llama4.Kernels.Gpu;

/// <summary>
/// Products of matrix fragments by a warp. Lane l is in group g = l / 4 with place t = l mod 4. Accumulators of a 16×8 result: (g, 2t), (g, 2t + 1),
/// (g + 8, 2t), (g + 8, 2t + 1). Each register of a and b holds neighbours along k; layouts as in the PTX manual, "Matrix fragments for mma".
/// </summary>
static class TensorCore
{
    /// <summary>
    /// c + a b, 16×16 times 16×8, of bfloat16. a: rows g, g + 8, g, g + 8 at k = 2t (twice), 2t + 8 (twice); b: column g at k = 2t, 2t + 8.
    /// </summary>
    [IntrinsicImplementation, Ptx("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 @r, @1, @2, @0;")]
    public static Float4 MultiplyBFloats(Float4 c, UInt4 a, UInt2 b)
    {
        int group = Warp.LaneIdx >> 2, place = Warp.LaneIdx & 3;
        for (int k = 0; k < 8; k++)
        {
            bool first = k < 4;
            int from = k & 3;
            uint upper = Warp.Shuffle(first ? a.X : a.Z, group * 4 + from), lower = Warp.Shuffle(first ? a.Y : a.W, group * 4 + from);
            uint left = Warp.Shuffle(first ? b.X : b.Y, 8 * place + from), right = Warp.Shuffle(first ? b.X : b.Y, 8 * place + 4 + from);
            c.X += Low(upper) * Low(left) + High(upper) * High(left);
            c.Y += Low(upper) * Low(right) + High(upper) * High(right);
            c.Z += Low(lower) * Low(left) + High(lower) * High(left);
            c.W += Low(lower) * Low(right) + High(lower) * High(right);
        }
        return c;
    }

    /// <summary>
    /// c + a b, 16×32 times 32×8, of signed bytes. a: rows g, g + 8, g, g + 8 at k = 4t (twice), 4t + 16 (twice); b: column g at k = 4t, 4t + 16.
    /// </summary>
    [IntrinsicImplementation, Ptx("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 @r, @1, @2, @0;")]
    public static Int4 MultiplyBytes(Int4 c, UInt4 a, UInt2 b)
    {
        int group = Warp.LaneIdx >> 2, place = Warp.LaneIdx & 3;
        for (int k = 0; k < 8; k++)
        {
            bool first = k < 4;
            int from = k & 3;
            int upper = (int)Warp.Shuffle(first ? a.X : a.Z, group * 4 + from), lower = (int)Warp.Shuffle(first ? a.Y : a.W, group * 4 + from);
            int left = (int)Warp.Shuffle(first ? b.X : b.Y, 8 * place + from), right = (int)Warp.Shuffle(first ? b.X : b.Y, 8 * place + 4 + from);
            c.X = Arithmetic.DotBytes(upper, left, c.X);
            c.Y = Arithmetic.DotBytes(upper, right, c.Y);
            c.Z = Arithmetic.DotBytes(lower, left, c.Z);
            c.W = Arithmetic.DotBytes(lower, right, c.W);
        }
        return c;
    }

    static float Low(uint pair) => Interop.IntAsFloat(pair << 16);

    static float High(uint pair) => Interop.IntAsFloat(pair & 0xFFFF0000);
}
