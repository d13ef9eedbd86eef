using System.Runtime.CompilerServices;
using ILGPU.IR.Intrinsics;
using Llama4.Kernels.Gpu.Compiler;

namespace Llama4.Kernels.Gpu.Instructions;

/// <summary>Device memory by address, which is how tensors, pages and weights refer to it.</summary>
static unsafe class Memory
{
    [IntrinsicImplementation, Ptx("ld.global.f32 @r, [@0];")]
    public static float Float(long address) => *(float*)address;

    [IntrinsicImplementation, Ptx("ld.global.b32 @r, [@0];")]
    public static int Int(long address) => *(int*)address;

    [IntrinsicImplementation, Ptx("ld.global.b64 @r, [@0];")]
    public static long Long(long address) => *(long*)address;

    [IntrinsicImplementation, Ptx("ld.global.f64 @r, [@0];")]
    public static double Double(long address) => *(double*)address;

    [IntrinsicImplementation, Ptx("ld.global.v4.f32 @r, [@0];")]
    public static Float4 Floats(long address) => *(Float4*)address;

    /// <summary>16 bytes that no kernel writes while this one runs and that are used once: past the first cache, not kept in it.</summary>
    [IntrinsicImplementation, Ptx("ld.global.nc.L1::no_allocate.L2::128B.v4.b32 @r, [@0];")]
    public static UInt4 Weights(long address) => *(UInt4*)address;

    /// <summary>As <see cref="Weights"/>, but kept in the first cache: neighbouring lanes read some of the same bytes.</summary>
    [IntrinsicImplementation, Ptx("ld.global.nc.L2::128B.v4.b32 @r, [@0];")]
    public static UInt4 NearWeights(long address) => *(UInt4*)address;

    /// <summary>8 bytes in the same way.</summary>
    [IntrinsicImplementation, Ptx("ld.global.nc.L2::128B.v2.b32 @r, [@0];")]
    public static UInt2 NearWeightPair(long address) => *(UInt2*)address;

    [IntrinsicImplementation, Ptx("ld.global.v2.b32 @r, [@0];")]
    public static UInt2 WordPair(long address) => *(UInt2*)address;

    /// <summary>16 bytes.</summary>
    [IntrinsicImplementation, Ptx("ld.global.v4.b32 @r, [@0];")]
    public static UInt4 Words(long address) => *(UInt4*)address;

    /// <summary>16 bits that no kernel writes while this one runs.</summary>
    [IntrinsicImplementation, Ptx("{ .reg .b16 value; ld.global.nc.b16 value, [@0]; cvt.u32.u16 @r, value; }")]
    public static uint UShort(long address) => *(ushort*)address;

    /// <summary>8 bits that no kernel writes while this one runs.</summary>
    [IntrinsicImplementation, Ptx("ld.global.nc.s8 @r, [@0];")]
    public static int SByte(long address) => *(sbyte*)address;

    [IntrinsicImplementation, Ptx("ld.global.v2.f32 @r, [@0];")]
    public static Float2 Pair(long address) => *(Float2*)address;

    [IntrinsicImplementation, Ptx("st.global.f32 [@0], @1;")]
    public static void Store(long address, float value) => *(float*)address = value;

    [IntrinsicImplementation, Ptx("st.global.b32 [@0], @1;")]
    public static void Store(long address, int value) => *(int*)address = value;

    [IntrinsicImplementation, Ptx("st.global.b64 [@0], @1;")]
    public static void Store(long address, long value) => *(long*)address = value;

    /// <summary>The lower 16 bits.</summary>
    [IntrinsicImplementation, Ptx("st.global.b16 [@0], @1;")]
    public static void Store(long address, ushort value) => *(ushort*)address = value;

    /// <summary>The lowest 8 bits.</summary>
    [IntrinsicImplementation, Ptx("{ .reg .b16 low; cvt.u16.u32 low, @1; st.global.b8 [@0], low; }")]
    public static void StoreByte(long address, int value) => *(byte*)address = (byte)value;

    [IntrinsicImplementation, Ptx("st.global.v2.f32 [@0], @1;")]
    public static void Store(long address, Float2 value) => *(Float2*)address = value;

    [IntrinsicImplementation, Ptx("st.global.v4.b32 [@0], @1;")]
    public static void Store(long address, UInt4 value) => *(UInt4*)address = value;

    [IntrinsicImplementation, Ptx("st.global.v4.f32 [@0], @1;")]
    public static void Store(long address, Float4 value) => *(Float4*)address = value;

    /// <summary>What lies at an address, in place: for blocks of a format.</summary>
    [IntrinsicImplementation, Ptx("mov.b64 @r, @0;")]
    public static ref T At<T>(long address)
        where T : unmanaged => ref Unsafe.AsRef<T>((void*)address);
}
