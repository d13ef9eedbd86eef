using System.Runtime.InteropServices;

namespace Llama4.Tests.Kernels;

/// <summary>
/// Memory whose last byte touches an inaccessible page, so that reading or writing past the end ends the process, and whose
/// surroundings are filled with a pattern that <see cref="Dispose"/> checks. The pattern is a NaN: what reads it shows it.
/// Where the system is not Linux, the pattern alone stands guard on both sides.
/// </summary>
sealed class Guarded : Llama4.Kernels.Buffer
{
    const int Margin = 256;
    const byte Pattern = 0xFF;
    const int ReadWrite = 3, PrivateAnonymous = 0x22;

    readonly nint block;
    readonly long blockBytes;
    readonly long start;
    readonly long end;
    readonly bool mapped = OperatingSystem.IsLinux();
    bool disposed;

    public Guarded(long bytes)
    {
        Bytes = bytes;
        long page = Environment.SystemPageSize;
        blockBytes = (Margin + bytes + page - 1) / page * page;
        if (mapped)
        {
            block = Map(0, (nuint)(blockBytes + page), ReadWrite, PrivateAnonymous, -1, 0);
            if (block == -1 || Protect((nint)(block + blockBytes), (nuint)page, 0) != 0) throw new OutOfMemoryException("no guarded memory");
            end = blockBytes;
        }
        else
        {
            blockBytes += Margin;
            block = Marshal.AllocHGlobal((nint)blockBytes);
            end = blockBytes - Margin;
        }
        start = end - bytes;
        byte[] pattern = new byte[blockBytes];
        pattern.AsSpan(0, (int)start).Fill(Pattern);
        pattern.AsSpan((int)end).Fill(Pattern);
        Marshal.Copy(pattern, 0, block, pattern.Length);
    }

    public override long Bytes { get; }

    public override long Address
    {
        get
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            return block + start;
        }
    }

    /// <exception cref="InvalidOperationException">Something wrote outside.</exception>
    public override void Dispose()
    {
        if (disposed) return;
        disposed = true;
        byte[] content = new byte[blockBytes];
        Marshal.Copy(block, content, 0, content.Length);
        if (mapped) Unmap(block, (nuint)(blockBytes + Environment.SystemPageSize));
        else Marshal.FreeHGlobal(block);
        if (content.AsSpan(0, (int)start).ContainsAnyExcept(Pattern) || content.AsSpan((int)end).ContainsAnyExcept(Pattern))
            throw new InvalidOperationException($"something wrote outside of {Bytes} bytes");
    }

    [DllImport("libc", EntryPoint = "mmap", SetLastError = true)]
    static extern nint Map(nint address, nuint length, int protection, int flags, int file, nint offset);

    [DllImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    static extern int Protect(nint address, nuint length, int protection);

    [DllImport("libc", EntryPoint = "munmap", SetLastError = true)]
    static extern int Unmap(nint address, nuint length);
}
