namespace Llama4.Core.Images;

/// <summary>
/// A file in memory that cannot be read or skipped past its end. StbImageSharp takes the end of a stream for zeros and skips on:
/// the six bytes FF D8 FF E0 FF FF keep it busy for ever.
/// </summary>
sealed class BoundedStream(byte[] file) : Stream
{
    int position;

    public override bool CanRead => true;
    public override bool CanSeek => true;
    public override bool CanWrite => false;
    public override long Length => file.Length;

    public override long Position
    {
        get => position;
        set => Seek(value, SeekOrigin.Begin);
    }

    public override int ReadByte() => position < file.Length ? file[position++] : throw PastEnd(1);

    public override int Read(byte[] buffer, int offset, int count)
    {
        if (count > file.Length - position) throw PastEnd(count);
        Array.Copy(file, position, buffer, offset, count);
        position += count;
        return count;
    }

    public override long Seek(long offset, SeekOrigin origin)
    {
        long target = origin switch
        {
            SeekOrigin.Begin => offset,
            SeekOrigin.Current => position + offset,
            _ => file.Length + offset,
        };
        if (target < 0 || target > file.Length) throw PastEnd(offset);
        position = (int)target;
        return target;
    }

    public override void Flush() { }
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    EndOfStreamException PastEnd(long count) => new($"{count} bytes at byte {position} leave the {file.Length} bytes of the file");
}
