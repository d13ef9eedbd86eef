using System.Runtime.InteropServices;

namespace Llama4.Kernels.Formats;

/// <summary>Numbers in any format to floats and back.</summary>
public abstract unsafe class FormatCodec
{
    static readonly FormatCodec[] codecs = Create();

    private protected FormatCodec() { }

    /// <summary>Decodes whole blocks.</summary>
    /// <param name="source">As many bytes as <paramref name="target"/> numbers take.</param>
    /// <exception cref="ArgumentException">Sizes that do not fit, or an encoding that is no number format.</exception>
    public static void Decode(Encoding encoding, ReadOnlySpan<byte> source, Span<float> target) =>
        Of(encoding, target.Length, source.Length).DecodeBlocks(source, target);

    /// <summary>Encodes whole blocks.</summary>
    /// <param name="target">As many bytes as <paramref name="source"/> numbers take.</param>
    /// <exception cref="ArgumentException">Sizes that do not fit, an encoding that is no number format, or a number that is not finite for a format of blocks.</exception>
    public static void Encode(Encoding encoding, ReadOnlySpan<float> source, Span<byte> target)
    {
        FormatCodec codec = Of(encoding, source.Length, target.Length);
        if (encoding.BlockLength() > 1)
            for (int i = 0; i < source.Length; i++)
                if (!float.IsFinite(source[i]))
                    throw new ArgumentException($"number {i} is {source[i]}: {encoding} has only finite numbers", nameof(source));
        codec.EncodeBlocks(source, target);
    }

    private protected abstract void DecodeBlocks(ReadOnlySpan<byte> source, Span<float> target);

    private protected abstract void EncodeBlocks(ReadOnlySpan<float> source, Span<byte> target);

    static FormatCodec Of(Encoding encoding, int numbers, int bytes)
    {
        if ((int)encoding >= codecs.Length) throw new ArgumentException($"{encoding} is not a number format of weights", nameof(encoding));
        long expected = encoding.RowBytes(numbers);
        if (bytes != expected) throw new ArgumentException($"{bytes} bytes for {numbers} numbers of {encoding}: expected {expected}");
        return codecs[(int)encoding];
    }

    static FormatCodec[] Create()
    {
        var codecs = new FormatCodec[(int)Encoding.MXFP4 + 1];
        for (int i = 0; i < codecs.Length; i++) codecs[i] = FormatSwitch.Call<Factory, FormatCodec>((Encoding)i, default);
        return codecs;
    }

    readonly struct Factory : IFormatAction<FormatCodec>
    {
        public FormatCodec Float<TFormat, TBlock>()
            where TFormat : struct, IFloatFormat<TBlock>
            where TBlock : unmanaged => new FloatCodec<TFormat, TBlock>();

        public FormatCodec Quantised<TFormat, TBlock>()
            where TFormat : struct, IQuantisedFormat<TBlock>
            where TBlock : unmanaged => new QuantisedCodec<TFormat, TBlock>();
    }

    abstract class Codec<TFormat, TBlock> : FormatCodec
        where TFormat : struct, IFormat<TBlock>
        where TBlock : unmanaged
    {
        private protected override void EncodeBlocks(ReadOnlySpan<float> source, Span<byte> target)
        {
            Span<TBlock> blocks = MemoryMarshal.Cast<byte, TBlock>(target);
            for (int i = 0; i < blocks.Length; i++) TFormat.Encode(source.Slice(i * TFormat.Length, TFormat.Length), out blocks[i]);
        }
    }

    sealed class FloatCodec<TFormat, TBlock> : Codec<TFormat, TBlock>
        where TFormat : struct, IFloatFormat<TBlock>
        where TBlock : unmanaged
    {
        private protected override void DecodeBlocks(ReadOnlySpan<byte> source, Span<float> target)
        {
            fixed (byte* bytes = source)
            fixed (float* numbers = target)
                FloatVectors.Decode<TFormat, TBlock>((TBlock*)bytes, target.Length, numbers);
        }
    }

    sealed class QuantisedCodec<TFormat, TBlock> : Codec<TFormat, TBlock>
        where TFormat : struct, IQuantisedFormat<TBlock>
        where TBlock : unmanaged
    {
        private protected override void DecodeBlocks(ReadOnlySpan<byte> source, Span<float> target)
        {
            fixed (byte* bytes = source)
            fixed (float* numbers = target)
                for (int from = 0; from < target.Length; from += Unpacking.Length)
                    Unpacking.Decode<TFormat, TBlock>(
                        (TBlock*)bytes + from / TFormat.Length, Math.Min(Unpacking.Length, target.Length - from), numbers + from);
        }
    }
}
