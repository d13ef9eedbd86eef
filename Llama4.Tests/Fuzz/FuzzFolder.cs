namespace Llama4.Tests.Fuzz;

/// <summary>A temporary folder of a target whose reader opens files; it is deleted when the process ends.</summary>
sealed class FuzzFolder
{
    readonly Dictionary<string, FileStream> open = [];

    public FuzzFolder()
    {
        Path = Directory.CreateTempSubdirectory("llama4-fuzz-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            foreach (FileStream file in open.Values) file.Dispose();
            Directory.Delete(Path, recursive: true);
        };
    }

    public string Path { get; }

    /// <summary>Sets the contents of a file: the bytes, then zeros, which take no space. The file stays open here, as creating one is slow.</summary>
    public string Write(string name, ReadOnlySpan<byte> bytes, long zeros = 0)
    {
        string path = System.IO.Path.Combine(Path, name);
        if (!open.TryGetValue(name, out FileStream? file))
            open[name] = file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        file.SetLength(0);
        file.Position = 0;
        file.Write(bytes);
        file.SetLength(bytes.Length + zeros);
        return path;
    }

    public void Delete(string name)
    {
        open[name].Dispose();
        open.Remove(name);
        File.Delete(System.IO.Path.Combine(Path, name));
    }
}
