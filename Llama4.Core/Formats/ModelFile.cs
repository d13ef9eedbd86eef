using Llama4.Kernels;
using Microsoft.Win32.SafeHandles;

namespace Llama4.Core.Formats;

/// <summary>
/// A regular file of a model. It is read by position, never through a mapping, and remembers its length and time of change: a file
/// that is replaced between opening and loading is noticed.
/// </summary>
internal sealed class ModelFile : IDisposable
{
    readonly SafeFileHandle handle;
    readonly DateTime changed;

    ModelFile(string path, SafeFileHandle handle, long length, DateTime changed)
    {
        Path = path;
        this.handle = handle;
        Length = length;
        this.changed = changed;
    }

    public string Path { get; }

    public long Length { get; }

    /// <exception cref="ModelFormatException">Missing, a directory, a pipe, a device, empty or unreadable.</exception>
    public static ModelFile Open(string path)
    {
        try
        {
            FileInfo file = Target(path);
            if (Directory.Exists(file.FullName)) throw new ModelFormatException(path, "file", "is a folder, expected a file");
            if (!file.Exists) throw new ModelFormatException(path, "file", "does not exist");
            // Pipes and devices have length 0 too. Opening one could wait forever, so they are refused by length before.
            if (file.Length == 0) throw new ModelFormatException(path, "file", "is empty or not a regular file");
            SafeFileHandle handle = File.OpenHandle(path);
            long length = RandomAccess.GetLength(handle);
            if (length == file.Length) return new ModelFile(path, handle, length, file.LastWriteTimeUtc);
            handle.Dispose();
            throw new ModelFormatException(path, "file", $"changed while it was opened: {file.Length} bytes, then {length}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new ModelFormatException(path, "file", $"cannot be opened: {e.Message}", e);
        }
    }

    /// <summary>Fills <paramref name="target"/> from <paramref name="offset"/> on.</summary>
    /// <exception cref="ModelFormatException">The file ends before, or cannot be read.</exception>
    public void Read(long offset, Span<byte> target)
    {
        try
        {
            for (int done = 0; done < target.Length;)
            {
                int read = RandomAccess.Read(handle, target[done..], offset + done);
                if (read == 0)
                    throw new ModelFormatException(Path, $"byte {offset + done}",
                        $"the file ends, {target.Length - done} more bytes expected");
                done += read;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelFormatException(Path, $"byte {offset}", $"cannot be read: {e.Message}", e);
        }
    }

    /// <summary>The whole file.</summary>
    /// <exception cref="ModelFormatException">It has more than <paramref name="limit"/> bytes.</exception>
    public static byte[] ReadAll(string path, int limit)
    {
        using ModelFile file = Open(path);
        if (file.Length > limit) throw new ModelFormatException(path, "length", $"{file.Length} bytes, limit {limit}");
        var bytes = new byte[file.Length];
        file.Read(0, bytes);
        return bytes;
    }

    /// <summary>Maps the file for the weights, unless it is another one than was opened.</summary>
    public MappedFile Map()
    {
        MappedFile map;
        try
        {
            map = new MappedFile(Path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelFormatException(Path, "file", $"cannot be mapped: {e.Message}", e);
        }
        FileInfo now = Target(Path);
        if (map.Bytes == Length && now.Exists && now.Length == Length && now.LastWriteTimeUtc == changed) return map;
        long bytes = map.Bytes;
        map.Dispose();
        throw new ModelFormatException(Path, "file", $"changed since it was opened: {Length} bytes of {changed:O}, now {bytes} bytes"
            + (now.Exists ? $" of {now.LastWriteTimeUtc:O}" : "") + "; open the model again");
    }

    public void Dispose() => handle.Dispose();

    static FileInfo Target(string path)
    {
        var file = new FileInfo(path);
        return file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file;
    }
}
