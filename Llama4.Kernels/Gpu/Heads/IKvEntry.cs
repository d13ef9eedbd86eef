using Llama4.Kernels.Formats;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Heads;

/// <summary>
/// How the keys (or values) of a head lie in a page, and how numbers become entries: as the CPU's KvCodec, to nearest, ties to even.
/// An entry is named by the address of its head's part of the page and its row there.
/// </summary>
interface IKvEntry
{
    /// <summary>Numbers that are encoded together.</summary>
    static abstract int Length { get; }

    /// <summary>Encodes Length floats as the block of that number.</summary>
    static abstract void Encode(long source, long part, int row, int block, int pageRows, int headDim);

    /// <summary>
    /// Encodes four neighbours, from number <paramref name="first"/> on, in every lane of a warp: lane l has number 4l and those after it.
    /// A lane beyond the head takes part with first = headDim.
    /// </summary>
    static abstract void EncodeFour(Float4 numbers, long part, int row, int first, int pageRows, int headDim);

    static abstract float Number(long part, int row, int index, int pageRows, int headDim);
}

readonly struct F32Entry : IKvEntry
{
    public static int Length => 1;

    public static void Encode(long source, long part, int row, int block, int pageRows, int headDim) =>
        Memory.Store(part + ((long)row * headDim + block) * 4, Memory.Float(source));

    public static void EncodeFour(Float4 numbers, long part, int row, int first, int pageRows, int headDim)
    {
        if (first < headDim) Memory.Store(part + ((long)row * headDim + first) * 4, numbers);
    }

    public static float Number(long part, int row, int index, int pageRows, int headDim) => Memory.Float(part + ((long)row * headDim + index) * 4);
}

readonly struct F16Entry : IKvEntry
{
    public static int Length => 1;

    public static void Encode(long source, long part, int row, int block, int pageRows, int headDim) =>
        Memory.Store(part + ((long)row * headDim + block) * 2, Arithmetic.ToHalf(Memory.Float(source)));

    public static void EncodeFour(Float4 numbers, long part, int row, int first, int pageRows, int headDim)
    {
        if (first >= headDim) return;
        long target = part + ((long)row * headDim + first) * 2;
        Memory.Store(target, (int)Arithmetic.PackHalves(numbers.X, numbers.Y));
        Memory.Store(target + 4, (int)Arithmetic.PackHalves(numbers.Z, numbers.W));
    }

    public static float Number(long part, int row, int index, int pageRows, int headDim) =>
        F16.Decode(in Memory.At<ushort>(part + ((long)row * headDim + index) * 2), 0);
}

readonly struct BF16Entry : IKvEntry
{
    public static int Length => 1;

    public static void Encode(long source, long part, int row, int block, int pageRows, int headDim) =>
        Memory.Store(part + ((long)row * headDim + block) * 2, (ushort)Arithmetic.PackBFloats(Memory.Float(source), 0));

    public static void EncodeFour(Float4 numbers, long part, int row, int first, int pageRows, int headDim)
    {
        if (first >= headDim) return;
        long target = part + ((long)row * headDim + first) * 2;
        Memory.Store(target, (int)Arithmetic.PackBFloats(numbers.X, numbers.Y));
        Memory.Store(target + 4, (int)Arithmetic.PackBFloats(numbers.Z, numbers.W));
    }

    public static float Number(long part, int row, int index, int pageRows, int headDim) =>
        BF16.Decode(in Memory.At<ushort>(part + ((long)row * headDim + index) * 2), 0);
}

/// <summary>
/// Q8_0 in an order for loads of 16 bytes: first the bytes of all rows, then their scales. A row's bytes are words of four numbers, word g of
/// each block of 32 before word g + 1 of any: what a lane loads belongs to all blocks alike.
/// </summary>
readonly struct Q8Entry : IKvEntry
{
    public static int Length => 32;

    public static void Encode(long source, long part, int row, int block, int pageRows, int headDim)
    {
        float largest = 0;
        for (int i = 0; i < 32; i++)
        {
            float magnitude = MathF.Abs(Memory.Float(source + i * 4));
            if (magnitude > largest) largest = magnitude;
        }
        Memory.Store(Scale(part, row, block, pageRows, headDim), Arithmetic.ToHalf(largest / 127));
        float factor = largest == 0 ? 0 : 127 / largest;
        for (int i = 0; i < 32; i++)
            Memory.StoreByte(Byte(part, row, block * 32 + i, headDim), (int)Arithmetic.Round(Memory.Float(source + i * 4) * factor));
    }

    public static void EncodeFour(Float4 numbers, long part, int row, int first, int pageRows, int headDim)
    {
        float largest = Larger(Larger(MathF.Abs(numbers.X), MathF.Abs(numbers.Y)), Larger(MathF.Abs(numbers.Z), MathF.Abs(numbers.W)));
        // A block is in eight lanes.
        largest = Larger(largest, Lanes.Other(largest, 1));
        largest = Larger(largest, Lanes.Other(largest, 2));
        largest = Larger(largest, Lanes.Other(largest, 4));
        if (first >= headDim) return;
        if (first % 32 == 0) Memory.Store(Scale(part, row, first / 32, pageRows, headDim), Arithmetic.ToHalf(largest / 127));
        float factor = largest == 0 ? 0 : 127 / largest;
        uint word = Byte(numbers.X * factor) | Byte(numbers.Y * factor) << 8 | Byte(numbers.Z * factor) << 16 | Byte(numbers.W * factor) << 24;
        Memory.Store(Byte(part, row, first, headDim), (int)word);
    }

    public static float Number(long part, int row, int index, int pageRows, int headDim) =>
        F16.Decode(in Memory.At<ushort>(Scale(part, row, index / 32, pageRows, headDim)), 0) * Memory.At<sbyte>(Byte(part, row, index, headDim));

    /// <summary>Address of the byte of a number.</summary>
    public static long Byte(long part, int row, int index, int headDim) =>
        part + (long)row * headDim + (index % 32 / 4 * (headDim / 32) + index / 32) * 4 + index % 4;

    /// <summary>Address of the scale of a block, binary16.</summary>
    public static long Scale(long part, int row, int block, int pageRows, int headDim) =>
        part + (long)pageRows * headDim + ((long)row * (headDim / 32) + block) * 2;

    static uint Byte(float value) => (uint)(int)Arithmetic.Round(value) & 0xFF;

    static float Larger(float a, float b) => a > b ? a : b;
}
