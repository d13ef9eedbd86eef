namespace Llama4.Kernels.Gpu;

/// <summary>How numbers become entries of a key/value cache: as the CPU's KvCodec, to nearest, ties to even.</summary>
interface IKvEntry
{
    /// <summary>Numbers that are encoded together.</summary>
    static abstract int Length { get; }

    /// <summary>Encodes Length floats.</summary>
    static abstract void Encode(long source, long target);
}

readonly struct F32Entry : IKvEntry
{
    public static int Length => 1;

    public static void Encode(long source, long target) => Memory.Store(target, Memory.Float(source));
}

readonly struct F16Entry : IKvEntry
{
    public static int Length => 1;

    public static void Encode(long source, long target) => Memory.Store(target, Arithmetic.ToHalf(Memory.Float(source)));
}

readonly struct BF16Entry : IKvEntry
{
    public static int Length => 1;

    public static void Encode(long source, long target) => Memory.Store(target, (ushort)Arithmetic.PackBFloats(Memory.Float(source), 0));
}

readonly struct Q8Entry : IKvEntry
{
    public static int Length => 32;

    public static void Encode(long source, long target)
    {
        float largest = 0;
        for (int i = 0; i < 32; i++)
        {
            float magnitude = MathF.Abs(Memory.Float(source + i * 4));
            if (magnitude > largest) largest = magnitude;
        }
        Memory.Store(target, Arithmetic.ToHalf(largest / 127));
        float factor = largest == 0 ? 0 : 127 / largest;
        for (int i = 0; i < 32; i++) Memory.StoreByte(target + 2 + i, (int)Arithmetic.Round(Memory.Float(source + i * 4) * factor));
    }
}
