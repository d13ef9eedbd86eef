using ILGPU;
using ILGPU.IR.Intrinsics;
using Llama4.Kernels.Gpu.Compiler;
using Llama4.Kernels.Gpu.Products;

namespace Llama4.Kernels.Gpu.Instructions;

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
        (UInt4 A, UInt2 B)[] all = EmulatedWarp.Exchange((a, b));
        for (int k = 0; k < 8; k++)
        {
            bool first = k < 4;
            int from = k & 3;
            (UInt4 rows, UInt2 even, UInt2 odd) = (all[group * 4 + from].A, all[8 * place + from].B, all[8 * place + 4 + from].B);
            uint upper = first ? rows.X : rows.Z, lower = first ? rows.Y : rows.W, left = first ? even.X : even.Y, right = first ? odd.X : odd.Y;
            c.X += Low(upper) * Low(left) + High(upper) * High(left);
            c.Y += Low(upper) * Low(right) + High(upper) * High(right);
            c.Z += Low(lower) * Low(left) + High(lower) * High(left);
            c.W += Low(lower) * Low(right) + High(lower) * High(right);
        }
        return c;
    }

    /// <summary>The same of binary16.</summary>
    [IntrinsicImplementation, Ptx("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 @r, @1, @2, @0;")]
    public static Float4 MultiplyHalves(Float4 c, UInt4 a, UInt2 b)
    {
        int group = Warp.LaneIdx >> 2, place = Warp.LaneIdx & 3;
        (UInt4 A, UInt2 B)[] all = EmulatedWarp.Exchange((a, b));
        for (int k = 0; k < 8; k++)
        {
            bool first = k < 4;
            int from = k & 3;
            (UInt4 rows, UInt2 even, UInt2 odd) = (all[group * 4 + from].A, all[8 * place + from].B, all[8 * place + 4 + from].B);
            uint upper = first ? rows.X : rows.Z, lower = first ? rows.Y : rows.W, left = first ? even.X : even.Y, right = first ? odd.X : odd.Y;
            c.X += Half(upper) * Half(left) + Half(upper >> 16) * Half(left >> 16);
            c.Y += Half(upper) * Half(right) + Half(upper >> 16) * Half(right >> 16);
            c.Z += Half(lower) * Half(left) + Half(lower >> 16) * Half(left >> 16);
            c.W += Half(lower) * Half(right) + Half(lower >> 16) * Half(right >> 16);
        }
        return c;
    }

    /// <summary>An 8×8 matrix of 16-bit numbers, whose row g lane (g, t) holds at 2t and 2t + 1, the other way round.</summary>
    [IntrinsicImplementation, Ptx("movmatrix.sync.aligned.m8n8.trans.b16 @r, @0;")]
    public static uint Transpose(uint pair)
    {
        int group = Warp.LaneIdx >> 2, place = Warp.LaneIdx & 3, half = (group & 1) * 16;
        uint[] all = EmulatedWarp.Exchange(pair);
        uint first = all[8 * place + group / 2] >> half, second = all[8 * place + 4 + group / 2] >> half;
        return first & 0xFFFF | second << 16;
    }

    /// <summary>
    /// c + a b, 16×32 times 32×8, of signed bytes. a: rows g, g + 8, g, g + 8 at k = 4t (twice), 4t + 16 (twice); b: column g at k = 4t, 4t + 16.
    /// </summary>
    [IntrinsicImplementation, Ptx("mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 @r, @1, @2, @0;")]
    public static Int4 MultiplyBytes(Int4 c, UInt4 a, UInt2 b)
    {
        int group = Warp.LaneIdx >> 2, place = Warp.LaneIdx & 3;
        (UInt4 A, UInt2 B)[] all = EmulatedWarp.Exchange((a, b));
        for (int k = 0; k < 8; k++)
        {
            bool first = k < 4;
            int from = k & 3;
            (UInt4 rows, UInt2 even, UInt2 odd) = (all[group * 4 + from].A, all[8 * place + from].B, all[8 * place + 4 + from].B);
            int upper = (int)(first ? rows.X : rows.Z), lower = (int)(first ? rows.Y : rows.W), left = (int)(first ? even.X : even.Y), right = (int)(first ? odd.X : odd.Y);
            c.X = Arithmetic.DotBytes(upper, left, c.X);
            c.Y = Arithmetic.DotBytes(upper, right, c.Y);
            c.Z = Arithmetic.DotBytes(lower, left, c.Z);
            c.W = Arithmetic.DotBytes(lower, right, c.W);
        }
        return c;
    }

    static float Half(uint bits) => Formats.Bits.Half((ushort)bits);

    static float Low(uint pair) => Interop.IntAsFloat(pair << 16);

    static float High(uint pair) => Interop.IntAsFloat(pair & 0xFFFF0000);
}
