using System.Reflection;
using ILGPU;
using Llama4.Kernels.Gpu;
using Llama4.Kernels.Gpu.Compiler;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Tests.Gpu;

/// <summary>The patcher and the intrinsics carry what the fastest matrix kernels need: a pipelined product of sm_90a compiles from C#.</summary>
public sealed class WgmmaTests
{
    const int Stages = 4, TileBytes = 64 * 128, Barriers = 200 * 1024;

    [Theory]
    [InlineData(typeof(BFloats256))]
    [InlineData(typeof(E4M3s128))]
    public void A_pipelined_product_compiles(Type shape)
    {
        string text = Text(shape);
        PtxChecker.Check(shape.Name, text, "wgmma.mma_async", "cp.async.bulk", "setmaxnreg.inc", "mbarrier.try_wait");
    }

    [Theory]
    [InlineData(typeof(BFloats256))]
    [InlineData(typeof(E4M3s128))]
    public void A_pipelined_product_assembles_without_spills_or_serialization(Type shape)
    {
        Ptxas.Require();
        Ptxas.Check(shape.Name, Text(shape));
    }

    static string Text(Type shape)
    {
        using var compiler = new KernelCompiler(typeof(Wgmma));
        return compiler.Compile(typeof(WgmmaTests).GetMethod(nameof(Product), BindingFlags.Static | BindingFlags.NonPublic)!.MakeGenericMethod(shape), 256);
    }

    /// <summary>C = A Bᵀ; A and B lie as consecutive swizzled tiles of 128 bytes of K. One warpgroup copies, the other multiplies.</summary>
    static void Product<T>(long a, long b, long c, int tiles, int columns)
        where T : struct, IWgmmaShape
    {
        int shared = SharedBytes.Open(), barriers = shared + Barriers, rightBytes = T.Columns * 128, stageBytes = TileBytes + rightBytes;
        if (Group.IdxX == 0)
            for (int i = 0; i < Stages; i++)
            {
                Wgmma.InitBarrier(barriers + i * 16, 1);
                Wgmma.InitBarrier(barriers + i * 16 + 8, 128);
            }
        Group.Barrier();
        if (Group.IdxX >= 128)
        {
            Wgmma.FewerRegisters(40);
            if (Group.IdxX == 128)
                for (int k = 0; k < tiles; k++)
                {
                    int stage = k % Stages, barrier = barriers + stage * 16;
                    Wgmma.WaitBarrier(barrier + 8, (k / Stages & 1) ^ 1);
                    Wgmma.Expect(barrier, stageBytes);
                    Wgmma.Copy(shared + stage * stageBytes, a + ((long)Grid.IdxX * tiles + k) * TileBytes, TileBytes, barrier);
                    Wgmma.Copy(shared + stage * stageBytes + TileBytes, b + ((long)Grid.IdxY * tiles + k) * rightBytes, rightBytes, barrier);
                }
        }
        else
        {
            Wgmma.MoreRegisters(232);
            Wgmma.Begin<T>();
            for (int k = 0; k < tiles; k++)
            {
                int stage = k % Stages;
                Wgmma.WaitBarrier(barriers + stage * 16, k / Stages & 1);
                Wgmma.Tile<T>(Descriptor(shared + stage * stageBytes), Descriptor(shared + stage * stageBytes + TileBytes));
                Wgmma.Wait(1);
                if (k > 0) Wgmma.Arrive(barriers + (k + Stages - 1) % Stages * 16 + 8);
            }
            Wgmma.Wait(0);
            Wgmma.Store<T>(c + ((long)Grid.IdxX * 64 * columns + Grid.IdxY * T.Columns) * 4, columns);
        }
    }

    /// <summary>Matrix descriptor: 128-byte swizzle, 1024 bytes from 8 rows to the next.</summary>
    static long Descriptor(int address) => (long)((uint)address >> 4 & 0x3FFF) | 1L << 16 | 64L << 32 | 1L << 62;
}
