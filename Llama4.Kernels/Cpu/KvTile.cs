namespace Llama4.Kernels.Cpu;

/// <summary>One span of one head's keys and values, decoded into memory of the worker.</summary>
readonly unsafe ref struct KvTile
{
    public readonly float* Keys, Values;

    public KvTile(in KvView cache, AttentionShape shape, int sequence, int head, int slot, int length, float* memory)
    {
        Keys = memory;
        Values = memory + shape.TileLength;
        for (int done = 0; done < length;)
        {
            int rows = Math.Min(length - done, cache.LeftInPage(slot + done));
            Decode(cache.Encoding, shape, cache.Key(sequence, head, slot + done), rows, Keys + done * shape.Stride);
            Decode(cache.Encoding, shape, cache.Value(sequence, head, slot + done), rows, Values + done * shape.Stride);
            done += rows;
        }
    }

    static void Decode(Encoding encoding, AttentionShape shape, byte* entries, int rows, float* target)
    {
        if (shape.HeadDim == shape.Stride)
        {
            KvCodec.Decode(entries, rows * shape.HeadDim, encoding, target);
            return;
        }
        long rowBytes = encoding.RowBytes(shape.HeadDim);
        for (int row = 0; row < rows; row++, entries += rowBytes, target += shape.Stride)
        {
            KvCodec.Decode(entries, shape.HeadDim, encoding, target);
            new Span<float>(target + shape.HeadDim, shape.Stride - shape.HeadDim).Clear();
        }
    }
}
