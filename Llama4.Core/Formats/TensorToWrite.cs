using Llama4.Kernels;

namespace Llama4.Core.Formats;

/// <summary>
/// A tensor of a file to be written. Its numbers are asked for when their turn comes, so that they never have to be in memory together.
/// </summary>
/// <param name="Dimensions">Outermost first.</param>
/// <param name="Write">Writes exactly <see cref="Bytes"/> bytes.</param>
internal sealed record TensorToWrite(string Name, IReadOnlyList<long> Dimensions, Encoding Encoding, Action<Stream> Write)
{
    public TensorToWrite(string name, IReadOnlyList<long> dimensions, Encoding encoding, byte[] bytes)
        : this(name, dimensions, encoding, stream => stream.Write(bytes)) { }

    public long Bytes => Dimensions.Count == 0 ? Encoding.RowBytes(1)
        : Dimensions.SkipLast(1).Aggregate(Encoding.RowBytes(Dimensions[^1]), (bytes, dimension) => checked(bytes * dimension));

    /// <summary>Writes the numbers and checks that there were as many bytes as promised.</summary>
    public void WriteTo(Stream stream)
    {
        long start = stream.Position;
        Write(stream);
        if (stream.Position - start != Bytes)
            throw new InvalidOperationException($"{Name}: {stream.Position - start} bytes were written, expected {Bytes}");
    }
}
