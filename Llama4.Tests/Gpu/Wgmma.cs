using ILGPU.IR.Intrinsics;
using Llama4.Kernels.Gpu;
using Llama4.Kernels.Gpu.Compiler;
using Llama4.Kernels.Gpu.Products;

namespace Llama4.Tests.Gpu;

/// <summary>Shape and types of a warpgroup product of 64×N results.</summary>
interface IWgmmaShape
{
    static abstract int Columns { get; }

    /// <summary>Numbers of K in an instruction.</summary>
    static abstract int Depth { get; }

    static abstract string Types { get; }
}

readonly struct BFloats256 : IWgmmaShape
{
    public static int Columns => 256;
    public static int Depth => 16;
    public static string Types => "f32.bf16.bf16";
}

readonly struct E4M3s128 : IWgmmaShape
{
    public static int Columns => 128;
    public static int Depth => 32;
    public static string Types => "f32.e4m3.e4m3";
}

/// <summary>
/// Instructions of sm_90a that the next kernels need: warpgroup products, barriers in shared memory, bulk copies. Only for compiling: no bodies.
/// Accumulators are named registers, since ptxas serializes products whose accumulators are copied.
/// </summary>
static class Wgmma
{
    [IntrinsicImplementation, PtxWriter(nameof(BeginText))]
    public static void Begin<T>() where T : struct, IWgmmaShape { }

    /// <summary>128 bytes of K: four instructions, committed.</summary>
    [IntrinsicImplementation, PtxWriter(nameof(TileText))]
    public static void Tile<T>(long a, long b) where T : struct, IWgmmaShape { }

    [IntrinsicImplementation, Ptx("wgmma.wait_group.sync.aligned #0;")]
    public static void Wait(int pending) { }

    /// <summary>Writes the accumulators to a matrix of float32 with rows of <paramref name="columns"/> numbers.</summary>
    [IntrinsicImplementation, PtxWriter(nameof(StoreText))]
    public static void Store<T>(long target, int columns) where T : struct, IWgmmaShape { }

    [IntrinsicImplementation, Ptx("mbarrier.init.shared::cta.b64 [@0], @1;")]
    public static void InitBarrier(int barrier, int count) { }

    [IntrinsicImplementation, Ptx("mbarrier.arrive.expect_tx.shared::cta.b64 _, [@0], @1;")]
    public static void Expect(int barrier, int bytes) { }

    [IntrinsicImplementation, Ptx("mbarrier.arrive.shared::cta.b64 _, [@0];")]
    public static void Arrive(int barrier) { }

    [IntrinsicImplementation, Ptx("{ .reg .pred P; W: mbarrier.try_wait.parity.shared::cta.b64 P, [@0], @1; @!P bra W; }")]
    public static void WaitBarrier(int barrier, int parity) { }

    [IntrinsicImplementation, Ptx("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [@0], [@1], @2, [@3];")]
    public static void Copy(int target, long source, int bytes, int barrier) { }

    [IntrinsicImplementation, Ptx("setmaxnreg.inc.sync.aligned.u32 #0;")]
    public static void MoreRegisters(int count) { }

    [IntrinsicImplementation, Ptx("setmaxnreg.dec.sync.aligned.u32 #0;")]
    public static void FewerRegisters(int count) { }

    static string BeginText<T>() where T : struct, IWgmmaShape =>
        $".reg .f32 acc<{T.Columns / 2}>;\n" + string.Join("\n", Enumerable.Range(0, T.Columns / 2).Select(i => $"mov.f32 acc{i}, 0f00000000;"));

    static string TileText<T>() where T : struct, IWgmmaShape
    {
        string accumulators = string.Join(",", Enumerable.Range(0, T.Columns / 2).Select(i => $"acc{i}"));
        string transposes = T.Depth == 16 ? ", 0, 0" : "";
        string product = $"wgmma.mma_async.sync.aligned.m64n{T.Columns}k{T.Depth}.{T.Types} {{{accumulators}}}, da, db, 1, 1, 1{transposes};";
        string next = "\nadd.s64 da, da, 2; add.s64 db, db, 2;\n";
        return "wgmma.fence.sync.aligned;\n{ .reg .b64 da, db; mov.b64 da, @0; mov.b64 db, @1;\n"
            + string.Join(next, Enumerable.Repeat(product, 4)) + "\n}\nwgmma.commit_group.sync.aligned;";
    }

    static string StoreText<T>() where T : struct, IWgmmaShape =>
        """
        { .reg .b64 p, q; .reg .b32 t, w, r, c; mov.u32 t, %tid.x; and.b32 t, t, 127; shr.u32 w, t, 5; and.b32 r, t, 31; shr.u32 c, r, 2;
        mad.lo.u32 w, w, 16, c; and.b32 r, r, 3; shl.b32 r, r, 1; mad.lo.u32 w, w, @1, r; mad.wide.u32 p, w, 4, @0; mul.wide.u32 q, @1, 32; add.s64 q, q, p;

        """
        + string.Join("\n", Enumerable.Range(0, T.Columns / 8).Select(j =>
            $"st.global.v2.f32 [p+{j * 32}], {{acc{4 * j},acc{4 * j + 1}}}; st.global.v2.f32 [q+{j * 32}], {{acc{4 * j + 2},acc{4 * j + 3}}};"))
        + "\n}";
}
