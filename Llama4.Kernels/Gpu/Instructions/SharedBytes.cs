using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.IR.Intrinsics;
using ILGPU.Runtime;
using Llama4.Kernels.Gpu.Compiler;

namespace Llama4.Kernels.Gpu.Instructions;

/// <summary>The dynamic shared memory of a group, by 32-bit address.</summary>
static class SharedBytes
{
    // Where there is no PTX, a GPU thread is a thread of the system, and addresses count from the start of this.
    [ThreadStatic]
    static ArrayView<byte> emulated;

    /// <summary>Address of the first byte, a multiple of 1024. Every thread calls this, once.</summary>
    public static int Open()
    {
        SharedMemory.GetDynamic<byte>();
        return Start();
    }

    [IntrinsicImplementation, Ptx("mov.u32 @r, __dyn_shared_alloca;")]
    static int Start()
    {
        emulated = SharedMemory.GetDynamic<byte>();
        return 0;
    }

    [IntrinsicImplementation, Ptx("ld.shared.v4.b32 @r, [@0];")]
    public static UInt4 Load(int address) => At<UInt4>(address);

    [IntrinsicImplementation, Ptx("st.shared.v4.b32 [@0], @1;")]
    public static void Store(int address, UInt4 value) => At<UInt4>(address) = value;

    [IntrinsicImplementation, Ptx("ld.shared.v2.f32 @r, [@0];")]
    public static Float2 LoadPair(int address) => At<Float2>(address);

    [IntrinsicImplementation, Ptx("st.shared.v4.f32 [@0], @1;")]
    public static void StoreFloats(int address, Float4 value) => At<Float4>(address) = value;

    /// <summary>Starts a copy of 16 bytes from device memory; both addresses are multiples of 16.</summary>
    [IntrinsicImplementation, Ptx("cp.async.cg.shared.global [@0], [@1], 16;")]
    public static void CopyAsync(int address, long source) => At<UInt4>(address) = Memory.Weights(source);

    /// <summary>Ends a batch of copies.</summary>
    [IntrinsicImplementation, Ptx("cp.async.commit_group;")]
    public static void CommitCopies() { }

    /// <summary>Waits until at most <paramref name="pending"/> (a constant) of this thread's batches are under way.</summary>
    [IntrinsicImplementation, Ptx("cp.async.wait_group #0;")]
    public static void WaitForCopies(int pending) { }

    /// <summary>
    /// Four 8×8 matrices of 16-bit numbers: lane 8m + r gives the address of row r of matrix m, 16 bytes;
    /// lane l receives numbers 2(l mod 4) and the next of row l / 4 of each.
    /// </summary>
    [IntrinsicImplementation, Ptx("ldmatrix.sync.aligned.m8n8.x4.shared.b16 @r, [@0];")]
    public static UInt4 LoadMatrices(int address)
    {
        int lane = Warp.LaneIdx, row = lane >> 2, bytes = (lane & 3) * 4;
        int[] addresses = EmulatedWarp.Exchange(address);
        UInt4 result = default;
        result.X = At<uint>(addresses[row] + bytes);
        result.Y = At<uint>(addresses[8 + row] + bytes);
        result.Z = At<uint>(addresses[16 + row] + bytes);
        result.W = At<uint>(addresses[24 + row] + bytes);
        return result;
    }

    /// <summary>The same, each matrix transposed: lane l receives numbers 2(l mod 4) and the next of column l / 4.</summary>
    [IntrinsicImplementation, Ptx("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 @r, [@0];")]
    public static UInt4 LoadTransposed(int address)
    {
        int lane = Warp.LaneIdx, row = (lane & 3) * 2, bytes = lane >> 2 << 1;
        int[] addresses = EmulatedWarp.Exchange(address);
        UInt4 result = default;
        result.X = At<ushort>(addresses[row] + bytes) | (uint)At<ushort>(addresses[row + 1] + bytes) << 16;
        result.Y = At<ushort>(addresses[8 + row] + bytes) | (uint)At<ushort>(addresses[9 + row] + bytes) << 16;
        result.Z = At<ushort>(addresses[16 + row] + bytes) | (uint)At<ushort>(addresses[17 + row] + bytes) << 16;
        result.W = At<ushort>(addresses[24 + row] + bytes) | (uint)At<ushort>(addresses[25 + row] + bytes) << 16;
        return result;
    }

    [IntrinsicImplementation, Ptx("st.shared.v2.b32 [@0], @1;")]
    public static void StorePair(int address, UInt2 value) => At<UInt2>(address) = value;

    static ref T At<T>(int address)
        where T : unmanaged => ref Unsafe.As<byte, T>(ref emulated[address]);
}
