namespace Llama4.Kernels.Cpu;

/// <summary>Rows of a key/value cache from and to floats.</summary>
static unsafe class KvCodec
{
    const int Block = 32;

    public static void Encode(float* source, int count, Encoding encoding, byte* target)
    {
        switch (encoding)
        {
            case Encoding.F32:
                new ReadOnlySpan<float>(source, count).CopyTo(new Span<float>(target, count));
                break;
            case Encoding.F16:
                for (int i = 0; i < count; i++) ((Half*)target)[i] = (Half)source[i];
                break;
            case Encoding.BF16:
                for (int i = 0; i < count; i++) ((ushort*)target)[i] = ToBF16(source[i]);
                break;
            default:
                for (int i = 0; i < count; i += Block, target += Block + 2) EncodeBlock(source + i, target);
                break;
        }
    }

    public static void Decode(byte* source, int count, Encoding encoding, float* target)
    {
        switch (encoding)
        {
            case Encoding.F32:
                new ReadOnlySpan<float>(source, count).CopyTo(new Span<float>(target, count));
                break;
            case Encoding.F16:
                for (int i = 0; i < count; i++) target[i] = (float)((Half*)source)[i];
                break;
            case Encoding.BF16:
                for (int i = 0; i < count; i++) target[i] = BitConverter.UInt32BitsToSingle((uint)((ushort*)source)[i] << 16);
                break;
            default:
                for (int i = 0; i < count; i += Block, source += Block + 2)
                {
                    float scale = (float)*(Half*)source;
                    for (int j = 0; j < Block; j++) target[i + j] = ((sbyte*)source)[2 + j] * scale;
                }
                break;
        }
    }

    static ushort ToBF16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value) ? (ushort)(bits >> 16 | 0x40) : (ushort)(bits + 0x7FFF + (bits >> 16 & 1) >> 16);
    }

    static void EncodeBlock(float* source, byte* target)
    {
        float largest = 0;
        for (int i = 0; i < Block; i++) largest = MathF.Max(largest, MathF.Abs(source[i]));
        var scale = (Half)(largest / 127);
        *(Half*)target = scale;
        float inverse = largest == 0 ? 0 : 127 / largest;
        for (int i = 0; i < Block; i++) ((sbyte*)target)[2 + i] = (sbyte)MathF.Round(source[i] * inverse);
    }
}
