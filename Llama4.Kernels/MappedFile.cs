using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;

namespace Llama4.Kernels;

/// <summary>
/// A whole file mapped for reading. The pages are the system's cache: they cost no memory of ours and come in as they are touched.
/// A file that is cut short while mapped ends the process (the system's rule for mappings); replace files by renaming.
/// </summary>
public sealed unsafe class MappedFile : Buffer
{
    readonly MemoryMappedFile map;
    readonly MemoryMappedViewAccessor view;
    readonly byte* start;
    bool disposed;

    /// <exception cref="IOException">The file cannot be mapped.</exception>
    public MappedFile(string path)
    {
        Path = path;
        using SafeFileHandle handle = File.OpenHandle(path);
        Bytes = RandomAccess.GetLength(handle);
        if (Bytes == 0) throw new IOException($"{path}: is empty");
        map = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        view = map.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        byte* pointer = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
        start = pointer + view.PointerOffset;
    }

    public string Path { get; }

    public override long Bytes { get; }

    public override long Address
    {
        get
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            return (long)start;
        }
    }

    public override void Dispose()
    {
        if (disposed) return;
        disposed = true;
        view.SafeMemoryMappedViewHandle.ReleasePointer();
        view.Dispose();
        map.Dispose();
    }
}
