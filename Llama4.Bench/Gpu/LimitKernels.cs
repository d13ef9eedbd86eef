using ILGPU;
using Llama4.Kernels.Gpu;
using Llama4.Kernels.Gpu.Compiler;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Bench.Gpu;

// Public, since ILGPU generates code that names them.

/// <summary>Does nothing: what is left is the launch.</summary>
public readonly struct EmptyKernel(long unused) : IKernel
{
    public void Run()
    {
        if (unused != 0) Memory.Store(unused, 0);
    }
}

/// <summary>A thread copies 64 bytes, 16 at a time, so that the threads of a launch touch neighbouring bytes.</summary>
public readonly struct CopyKernel(long source, long target, long count) : IKernel
{
    public const int Bytes = 64;

    public void Run()
    {
        long i = GroupWork.Thread, stride = count / Bytes * 16;
        if (i * Bytes >= count) return;
        for (int part = 0; part < 4; part++) Memory.Store(target + part * stride + i * 16, Memory.Weights(source + part * stride + i * 16));
    }
}

/// <summary>A thread reads 16 bytes of every launch-wide piece of a memory.</summary>
public readonly struct ReadKernel(long source, long count, long result) : IKernel
{
    public void Run()
    {
        long stride = (long)Grid.DimX * Group.DimX * 16;
        uint all = 0;
        for (long at = GroupWork.Thread * 16; at < count; at += stride)
        {
            UInt4 words = Memory.Weights(source + at);
            all |= words.X | words.Y | words.Z | words.W;
        }
        // Never with the zeros that are there; but nobody knows.
        if (all != 0) Memory.Store(result, (int)all);
    }
}

/// <summary>A warp multiplies fragments of bfloat16 that stay in registers, eight products at a time.</summary>
public readonly struct BFloatRateKernel(int rounds, long result) : IKernel
{
    /// <summary>Multiplications and additions of a warp in a round.</summary>
    public const long Operations = 8 * 2 * 16 * 8 * 16;

    public void Run()
    {
        UInt4 a = default;
        UInt2 b = default;
        a.X = a.Y = a.Z = a.W = b.X = b.Y = (uint)Warp.LaneIdx;
        Float4 c0 = default, c1 = default, c2 = default, c3 = default, c4 = default, c5 = default, c6 = default, c7 = default;
        for (int i = 0; i < rounds; i++)
        {
            c0 = TensorCore.MultiplyBFloats(c0, a, b);
            c1 = TensorCore.MultiplyBFloats(c1, a, b);
            c2 = TensorCore.MultiplyBFloats(c2, a, b);
            c3 = TensorCore.MultiplyBFloats(c3, a, b);
            c4 = TensorCore.MultiplyBFloats(c4, a, b);
            c5 = TensorCore.MultiplyBFloats(c5, a, b);
            c6 = TensorCore.MultiplyBFloats(c6, a, b);
            c7 = TensorCore.MultiplyBFloats(c7, a, b);
        }
        float sum = c0.X + c1.X + c2.X + c3.X + c4.X + c5.X + c6.X + c7.X;
        if (sum == 1) Memory.Store(result, sum);
    }
}

/// <summary>The same of signed bytes.</summary>
public readonly struct ByteRateKernel(int rounds, long result) : IKernel
{
    /// <summary>Multiplications and additions of a warp in a round.</summary>
    public const long Operations = 8 * 2 * 16 * 8 * 32;

    public void Run()
    {
        UInt4 a = default;
        UInt2 b = default;
        a.X = a.Y = a.Z = a.W = b.X = b.Y = (uint)Warp.LaneIdx;
        Int4 c0 = default, c1 = default, c2 = default, c3 = default, c4 = default, c5 = default, c6 = default, c7 = default;
        for (int i = 0; i < rounds; i++)
        {
            c0 = TensorCore.MultiplyBytes(c0, a, b);
            c1 = TensorCore.MultiplyBytes(c1, a, b);
            c2 = TensorCore.MultiplyBytes(c2, a, b);
            c3 = TensorCore.MultiplyBytes(c3, a, b);
            c4 = TensorCore.MultiplyBytes(c4, a, b);
            c5 = TensorCore.MultiplyBytes(c5, a, b);
            c6 = TensorCore.MultiplyBytes(c6, a, b);
            c7 = TensorCore.MultiplyBytes(c7, a, b);
        }
        int sum = c0.X + c1.X + c2.X + c3.X + c4.X + c5.X + c6.X + c7.X;
        if (sum == 1) Memory.Store(result, sum);
    }
}

/// <summary>Fills memory with blocks of a pool, in runs of neighbours that begin at random; a thread for 4 bytes.</summary>
public readonly struct FillKernel(long pool, int blockBytes, long seed, long target, long count) : IKernel
{
    /// <summary>Blocks of the pool, and of a run.</summary>
    public const int PoolBlocks = 4096, RunBlocks = 64;

    public void Run()
    {
        long at = GroupWork.Thread * 4;
        if (at >= count) return;
        long runBytes = RunBlocks * blockBytes, run = at / runBytes;
        // Two rounds of a linear congruence over the run's number; blocks may be of 1 or 2 bytes, and words want neighbours of 4.
        long state = (run + seed) * 6364136223846793005 + 1442695040888963407;
        state = state * 6364136223846793005 + 1442695040888963407;
        long from = (state >> 33 & 0x7FFFFFFF) % ((PoolBlocks - RunBlocks) / 4) * 4;
        Memory.Store(target + at, Memory.Int(pool + from * blockBytes + at % runBytes));
    }
}
