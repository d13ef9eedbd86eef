using System.Reflection;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using Llama4.Kernels.Gpu;
using Llama4.Kernels.Gpu.Compiler;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Tests.Gpu;

/// <summary>Each own instruction in a kernel: the PTX assembles, and the C# body computes what the manual says.</summary>
public sealed class IntrinsicsTests
{
    const BindingFlags Private = BindingFlags.Static | BindingFlags.NonPublic;

    public static TheoryData<string, string> Kernels => new()
    {
        { nameof(Scalars), "ex2.approx.ftz.f32|lg2.approx.f32|fma.rn.f32|fma.rn.f64|cvt.rni.f32.f32|cvt.rni.f64.f64|cvt.rmi.f32.f32|cvt.rn.bf16x2.f32|cvt.rn.f16.f32" },
        { nameof(BytesAndVotes), "dp4a.s32.s32|vote.sync.ballot.b32|shfl.sync|redux.sync.max.s32|redux.sync.min.s32|add.u64" },
        { nameof(BFloatProduct), "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32|cp.async.cg.shared.global|ldmatrix.sync.aligned.m8n8.x4|ld.global.v4.f32|st.global.v4.f32" },
        { nameof(ByteProduct), "mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32|ld.global.nc.L1::no_allocate.L2::128B.v4.b32|ld.shared.v4.b32|st.shared.v4.b32" },
        { nameof(HalfProduct), "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32|cvt.rn.f16x2.f32|ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16|st.shared.v2.b32" },
        { nameof(Exchanges), "movmatrix.sync.aligned.m8n8.trans.b16|shfl.sync.bfly.b32|prmt.b32|cvt.f32.f16" },
        { nameof(Blocks), "ld.b8|ld.b16" },
        { nameof(PackedWords), "shf.r.clamp.b32|selp.b32|cvt.f32.f16|mov.b64|ld.global.v4.b32|ld.global.v2.f32|st.global.v2.f32" },
    };

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Instructions_are_in_the_text(string kernel, string promised)
    {
        PtxChecker.Check(kernel, Text(kernel), promised.Split('|'));
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void The_text_assembles(string kernel, string promised)
    {
        Ptxas.Require();
        Ptxas.Check(kernel, Text(kernel));
        Assert.NotEmpty(promised);
    }

    [Fact]
    public void Bodies_compute_what_the_instructions_do() => Emulated.Check(Bodies);

    static void Bodies()
    {
        using Context context = Context.Create(builder => KernelCompiler.Configure(builder).CPU(CPUDeviceKind.Nvidia));
        using Accelerator accelerator = context.GetCPUDevice(0).CreateCPUAccelerator(context, CPUAcceleratorMode.Parallel);
        var random = new Random(7);
        CheckProduct(accelerator, random, BFloatProduct, BFloats);
        CheckProduct(accelerator, random, HalfProduct, values => [.. values.Select(v => BitConverter.HalfToUInt16Bits((System.Half)v))]);
        CheckExchanges(accelerator, random);
        CheckByteProduct(accelerator, random);
        CheckVotes(accelerator);
        CheckScalars(accelerator);
        CheckWords(accelerator, random);
    }

    // Small multiples of a quarter: every product and sum is exact.
    static void CheckProduct(Accelerator accelerator, Random random, Action<long, long, long> kernel, Func<float[], ushort[]> encode)
    {
        float[] a = [.. Enumerable.Range(0, 16 * 16).Select(_ => (random.Next(9) - 4) * 0.5f)], b = [.. Enumerable.Range(0, 8 * 16).Select(_ => (random.Next(9) - 4) * 0.25f)];
        using MemoryBuffer1D<ushort, Stride1D.Dense> left = accelerator.Allocate1D(encode(a)), right = accelerator.Allocate1D(encode(b));
        using MemoryBuffer1D<float, Stride1D.Dense> result = accelerator.Allocate1D<float>(128);
        Launch(accelerator, kernel, left.NativePtr, right.NativePtr, result.NativePtr);
        float[] fragments = result.GetAsArray1D();
        for (int row = 0; row < 16; row++)
            for (int column = 0; column < 8; column++)
                Assert.Equal(Enumerable.Range(0, 16).Sum(k => a[row * 16 + k] * b[column * 16 + k]), fragments[Fragment(row, column)]);
    }

    // Halves below 2048 are whole numbers, exact in every sum.
    static void CheckExchanges(Accelerator accelerator, Random random)
    {
        ushort[] matrix = [.. Enumerable.Range(0, 64).Select(_ => BitConverter.HalfToUInt16Bits((System.Half)random.Next(-100, 100)))];
        using MemoryBuffer1D<ushort, Stride1D.Dense> source = accelerator.Allocate1D(matrix);
        using MemoryBuffer1D<float, Stride1D.Dense> target = accelerator.Allocate1D<float>(32);
        Launch(accelerator, Exchanges, source.NativePtr, target.NativePtr);
        float[] y = target.GetAsArray1D();
        for (int lane = 0; lane < 32; lane++)
        {
            int row = lane >> 2, column = (lane & 3) * 2, other = lane ^ 8;
            uint own = Word(lane), turned = Turned(row, column) | (uint)Turned(row, column + 1) << 16;
            float expected = Half(turned) + 1000 * Half(turned >> 16) + Half(Word(other)) + (own >> 16 & 0xFF);
            // Halves of the lane's own word and of the turned one, in both orders.
            expected += Half(own) - Half(turned) + Half(own >> 16) - Half(turned >> 16);
            Assert.Equal(expected, y[lane]);
        }

        uint Word(int lane) => matrix[2 * lane] | (uint)matrix[2 * lane + 1] << 16;
        ushort Turned(int row, int column) => matrix[column * 8 + row];
        static float Half(uint bits) => (float)BitConverter.UInt16BitsToHalf((ushort)bits);
    }

    static void CheckByteProduct(Accelerator accelerator, Random random)
    {
        sbyte[] a = new sbyte[16 * 32], b = new sbyte[8 * 32];
        for (int i = 0; i < a.Length; i++) a[i] = (sbyte)random.Next(-128, 128);
        for (int i = 0; i < b.Length; i++) b[i] = (sbyte)random.Next(-128, 128);
        var fragments = new sbyte[a.Length];
        for (int lane = 0; lane < 32; lane++)
            for (int register = 0; register < 4; register++)
                for (int i = 0; i < 4; i++)
                    fragments[lane * 16 + register * 4 + i] = a[((lane >> 2) + (register & 1) * 8) * 32 + (lane & 3) * 4 + (register >> 1) * 16 + i];
        using MemoryBuffer1D<sbyte, Stride1D.Dense> left = accelerator.Allocate1D(fragments), right = accelerator.Allocate1D(b);
        using MemoryBuffer1D<int, Stride1D.Dense> result = accelerator.Allocate1D<int>(128);
        Launch(accelerator, ByteProduct, left.NativePtr, right.NativePtr, result.NativePtr);
        int[] sums = result.GetAsArray1D();
        for (int row = 0; row < 16; row++)
            for (int column = 0; column < 8; column++)
                Assert.Equal(Enumerable.Range(0, 32).Sum(k => a[row * 32 + k] * b[column * 32 + k]), sums[Fragment(row, column)]);
    }

    static void CheckVotes(Accelerator accelerator)
    {
        int[] x = [.. Enumerable.Range(0, 32).Select(i => i * 7919 % 41 - 20)];
        using MemoryBuffer1D<int, Stride1D.Dense> source = accelerator.Allocate1D(x), target = accelerator.Allocate1D<int>(32);
        Launch(accelerator, BytesAndVotes, source.NativePtr, target.NativePtr);
        int[] y = target.GetAsArray1D();
        int votes = x.Select((value, lane) => value > 0 ? 1 << lane : 0).Sum();
        for (int lane = 0; lane < 32; lane++)
        {
            int dot = Enumerable.Range(0, 4).Sum(i => (sbyte)(x[lane] >> 8 * i) * (sbyte)(votes >> 8 * i));
            int sums = x.Sum() + x.Max() + x.Max() * 100 + x.Min() * 10 + x.Sum() + 32 * 20;
            Assert.Equal(dot + x[lane] + sums, y[lane]);
        }
    }

    static void CheckScalars(Accelerator accelerator)
    {
        float[] x = [.. Enumerable.Range(0, 32).Select(i => 0.01f + i * 0.37f)];
        using MemoryBuffer1D<float, Stride1D.Dense> source = accelerator.Allocate1D(x), target = accelerator.Allocate1D<float>(32);
        Launch(accelerator, Scalars, source.NativePtr, target.NativePtr);
        float[] y = target.GetAsArray1D();
        for (int i = 0; i < 32; i++)
        {
            double sum = Math.Exp(x[i]) + Math.Log2(x[i]) + (double)x[i] * x[i] + 1 + Math.Round(x[i]) * x[i] + 1;
            double packed = BitConverter.SingleToUInt32Bits((float)sum) + 0x7FFF >> 16, half = BitConverter.HalfToUInt16Bits((System.Half)x[i]);
            // The bits of the sum may round to the neighbour.
            Assert.InRange(y[i], sum + packed + half - 1.1, sum + packed + half + 1.1);
        }
    }

    // Lane l takes 32 bits from bit l of two words (lane 31 from bit 32, the upper word), the halves of the first, and 16 bytes from byte 2 (l mod 8) of 32.
    static void CheckWords(Accelerator accelerator, Random random)
    {
        byte[] x = new byte[32 * 32];
        random.NextBytes(x);
        // Halves below infinity.
        for (int lane = 0; lane < 32; lane++) (x[lane * 32 + 1], x[lane * 32 + 3]) = ((byte)(x[lane * 32 + 1] & 0xBB), (byte)(x[lane * 32 + 3] & 0xBB));
        using MemoryBuffer1D<byte, Stride1D.Dense> source = accelerator.Allocate1D(x), target = accelerator.Allocate1D<byte>(32 * 32);
        Launch(accelerator, PackedWords, source.NativePtr, target.NativePtr);
        byte[] y = target.GetAsArray1D();
        for (int lane = 0; lane < 32; lane++)
        {
            int at = lane * 32, bits = lane == 31 ? 32 : lane, offset = lane % 8 * 2;
            Assert.Equal((uint)(BitConverter.ToUInt64(x, at) >> bits), BitConverter.ToUInt32(y, at));
            Assert.Equal((float)BitConverter.ToHalf(x, at), BitConverter.ToSingle(y, at + 8));
            Assert.Equal((float)BitConverter.ToHalf(x, at + 2), BitConverter.ToSingle(y, at + 12));
            Assert.Equal(x[(at + offset)..(at + offset + 16)], y[(at + 16)..(at + 32)]);
        }
    }

    static ushort[] BFloats(float[] values) => [.. values.Select(v => (ushort)(BitConverter.SingleToUInt32Bits(v) >> 16))];

    static int Fragment(int row, int column) => ((row & 7) * 4 + column / 2) * 4 + (row >> 3) * 2 + (column & 1);

    static void Launch(Accelerator accelerator, Action<long, long> kernel, nint a, nint b)
    {
        accelerator.LoadKernel(kernel)(accelerator.DefaultStream, new KernelConfig(1, 32), a, b);
        accelerator.Synchronize();
    }

    static void Launch(Accelerator accelerator, Action<long, long, long> kernel, nint a, nint b, nint c)
    {
        var shared = SharedMemoryConfig.RequestDynamic<byte>(1024);
        accelerator.LoadKernel(kernel)(accelerator.DefaultStream, new KernelConfig(1, 32, shared), a, b, c);
        accelerator.Synchronize();
    }

    static string Text(string kernel)
    {
        using var compiler = new KernelCompiler();
        return compiler.Compile(typeof(IntrinsicsTests).GetMethod(kernel, Private)!, 32);
    }

    static void Scalars(long x, long y)
    {
        long at = Group.IdxX * 4L;
        float value = Memory.Float(x + at);
        float sum = Arithmetic.Exp(value) + Arithmetic.Log2(value) + Arithmetic.MultiplyAdd(value, value, 1f);
        sum += (float)Arithmetic.MultiplyAdd(Arithmetic.Round((double)value), value, 1.0);
        Memory.Store(y + at, sum + (Arithmetic.PackBFloats(value, sum) >> 16) + Arithmetic.ToHalf(value));
    }

    static void BytesAndVotes(long x, long y)
    {
        long at = Group.IdxX * 4L;
        int value = Memory.Int(x + at);
        uint votes = Lanes.Ballot(value > 0);
        Memory.Store(y + at, Arithmetic.DotBytes(value, (int)votes, value) + (int)Lanes.Sum((float)value) + (int)Lanes.Max((float)value)
            + Lanes.Max(value) * 100 + Lanes.Min(value) * 10 + (int)(Lanes.Sum((ulong)(value + 20) << 40) >> 40));
    }

    static void PackedWords(long x, long y)
    {
        int lane = Group.IdxX;
        long at = Words.Kept(lane * 32L);
        UInt4 low = Memory.Words(x + at), high = Memory.Words(x + at + 16);
        Memory.Store(y + at, (int)Words.Funnel(low.X, low.Y, lane == 31 ? 32 : lane));
        Float2 halves = default;
        halves.X = Words.LowHalf(low.X);
        halves.Y = Words.HighHalf(low.X);
        Memory.Store(y + at + 8, halves);
        Memory.Store(y + at + 8, Memory.Pair(y + at + 8));
        Memory.Store(y + at + 16, Words.Window(low, high, lane % 8 * 2));
    }

    static void Blocks(long x, long y) =>
        Memory.Store(y + Group.IdxX * 4L, Llama4.Kernels.Formats.Q4_K.Decode(in Memory.At<Llama4.Kernels.Formats.Q4_K.Block>(x), Group.IdxX));

    /// <summary>a 16×16 and b 8×16 bfloat16, both with k along rows; c 16×8.</summary>
    static void BFloatProduct(long a, long b, long c)
    {
        int lane = Group.IdxX, group = lane >> 2, place = lane & 3, shared = SharedBytes.Open();
        SharedBytes.CopyAsync(shared + lane * 16, a + lane * 16L);
        SharedBytes.CommitCopies();
        SharedBytes.WaitForCopies(0);
        Warp.Barrier();
        // Matrices: rows 0–7 and 8–15 of the left half, then of the right half.
        UInt4 left = SharedBytes.LoadMatrices(shared + (lane & 15) * 32 + (lane >> 4) * 16);
        UInt2 right = default;
        right.X = (uint)Memory.Int(b + group * 32L + place * 4);
        right.Y = (uint)Memory.Int(b + group * 32L + place * 4 + 16);
        Float4 sum = TensorCore.MultiplyBFloats(default, left, right);
        Memory.Store(c + lane * 16L, sum);
        Memory.Store(c + lane * 16L, Memory.Floats(c + lane * 16L));
    }

    /// <summary>The same of binary16.</summary>
    static void HalfProduct(long a, long b, long c)
    {
        int lane = Group.IdxX, group = lane >> 2, place = lane & 3, shared = SharedBytes.Open();
        SharedBytes.Store(shared + lane * 16, Memory.Weights(a + lane * 16L));
        Warp.Barrier();
        UInt4 left = SharedBytes.LoadMatrices(shared + (lane & 15) * 32 + (lane >> 4) * 16);
        UInt2 right = default;
        right.X = (uint)Memory.Int(b + group * 32L + place * 4);
        right.Y = (uint)Memory.Int(b + group * 32L + place * 4 + 16);
        // Transposed matrices, turned back.
        SharedBytes.StorePair(shared + 512 + lane * 8, right);
        Warp.Barrier();
        UInt4 turned = SharedBytes.LoadTransposed(shared + (lane & 15) * 32 + (lane >> 4) * 16);
        left.X = TensorCore.Transpose(turned.X);
        left.W = TensorCore.Transpose(turned.W);
        right.Y = SharedBytes.Load(shared + 512 + lane / 2 * 16).Y * (uint)(1 - lane % 2) + SharedBytes.Load(shared + 512 + lane / 2 * 16).W * (uint)(lane % 2);
        // 1 and 2 as halves, and away again.
        Float4 sum = default;
        sum.X = (Arithmetic.PackHalves(1, 2) ^ 0x40003C00u) == 0 ? 0 : float.NaN;
        Memory.Store(c + lane * 16L, TensorCore.MultiplyHalves(sum, left, right));
    }

    static void Exchanges(long x, long y)
    {
        long at = Group.IdxX * 4L;
        uint word = (uint)Memory.Int(x + at), turned = TensorCore.Transpose(word);
        float sum = Words.LowHalf(turned) + 1000 * Words.HighHalf(turned) + Lanes.Other(Words.LowHalf(word), 8);
        sum += Arithmetic.RaisedByte(word, 2) - 8388608f;
        uint low = Arithmetic.LowHalves(word, turned), high = Arithmetic.HighHalves(word, turned);
        sum += Words.LowHalf(low) - Words.HighHalf(low) + Words.LowHalf(high) - Words.HighHalf(high);
        Memory.Store(y + at, sum);
    }

    /// <summary>a as fragments, 16 bytes for each lane; b 8×32 signed bytes; c as fragments.</summary>
    static void ByteProduct(long a, long b, long c)
    {
        int lane = Group.IdxX, group = lane >> 2, place = lane & 3, shared = SharedBytes.Open();
        SharedBytes.Store(shared + lane * 16, Memory.Weights(a + lane * 16L));
        UInt4 left = SharedBytes.Load(shared + lane * 16);
        UInt2 right = default;
        right.X = (uint)Memory.Int(b + group * 32L + place * 4);
        right.Y = (uint)Memory.Int(b + group * 32L + place * 4 + 16);
        Int4 sum = TensorCore.MultiplyBytes(default, left, right);
        Memory.Store(c + lane * 16L, sum.X);
        Memory.Store(c + lane * 16L + 4, sum.Y);
        Memory.Store(c + lane * 16L + 8, sum.Z);
        Memory.Store(c + lane * 16L + 12, sum.W);
    }
}
