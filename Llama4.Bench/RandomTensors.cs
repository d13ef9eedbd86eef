using System.Runtime.InteropServices;
using Llama4.Core.Formats;
using Llama4.Kernels;

namespace Llama4.Bench;

/// <summary>Tensors of random numbers that are made while they are written.</summary>
sealed class RandomTensors
{
    readonly List<TensorToWrite> all = [];
    readonly Dictionary<(Encoding, float), RandomWeights> sources = [];
    readonly byte[] block = new byte[4 << 20];

    public IReadOnlyList<TensorToWrite> All => all;

    public void Ones(string name, params long[] dimensions) => Constant(name, 1, dimensions);

    /// <summary>One number everywhere, as F32.</summary>
    public void Constant(string name, float number, params long[] dimensions)
    {
        var numbers = new float[dimensions.Aggregate(1L, (size, dimension) => size * dimension)];
        numbers.AsSpan().Fill(number);
        all.Add(new TensorToWrite(name, dimensions, Encoding.F32, MemoryMarshal.AsBytes(numbers.AsSpan()).ToArray()));
    }

    /// <summary>[…, outputs, inputs]: of a standard deviation of 1 / √inputs, so that numbers keep the size of activations.</summary>
    public void Matrix(string name, Encoding encoding, params long[] dimensions) => Normal(name, encoding, 1 / MathF.Sqrt(dimensions[^1]), dimensions);

    /// <summary>Dimensions outermost first.</summary>
    public void Normal(string name, Encoding encoding, float deviation, params long[] dimensions)
    {
        if (!sources.TryGetValue((encoding, deviation), out RandomWeights? source))
            sources.Add((encoding, deviation), source = new RandomWeights(encoding, deviation, seed: sources.Count + 1));
        long bytes = dimensions[..^1].Aggregate(encoding.RowBytes((int)dimensions[^1]), (size, dimension) => size * dimension);
        all.Add(new TensorToWrite(name, dimensions, encoding, stream =>
        {
            int wholeBlocks = block.Length / encoding.BlockBytes() * encoding.BlockBytes();
            for (long left = bytes; left > 0;)
            {
                Span<byte> part = block.AsSpan(0, (int)Math.Min(wholeBlocks, left));
                source.Fill(part);
                stream.Write(part);
                left -= part.Length;
            }
        }));
    }
}
