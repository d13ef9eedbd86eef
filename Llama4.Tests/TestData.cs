using System.Text;

namespace Llama4.Tests;

/// <summary>Files of Llama4.Tests/Data: beside the program when published, else in the source tree above it.</summary>
static class TestData
{
    static readonly string root = Find();

    public static string Path(params ReadOnlySpan<string> parts) => System.IO.Path.Combine([root, .. parts]);

    /// <summary>A NumPy file of float32: its shape and numbers.</summary>
    public static (int[] Shape, float[] Values) Npy(params ReadOnlySpan<string> parts)
    {
        byte[] file = File.ReadAllBytes(Path(parts));
        int headerLength = BitConverter.ToUInt16(file, 8);
        string header = Encoding.ASCII.GetString(file, 10, headerLength);
        if (file[6] != 1 || !header.Contains("'<f4'") || header.Contains("'fortran_order': True"))
            throw new InvalidDataException($"{Path(parts)}: expected version 1, float32, C order; header {header}");
        int open = header.IndexOf('('), close = header.IndexOf(')');
        int[] shape = [.. header[(open + 1)..close].Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(int.Parse)];
        var values = new float[shape.Aggregate(1, (a, b) => a * b)];
        System.Buffer.BlockCopy(file, 10 + headerLength, values, 0, values.Length * 4);
        return (shape, values);
    }

    static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            foreach (string candidate in new[] { "Data", System.IO.Path.Combine("Llama4.Tests", "Data") })
                if (File.Exists(System.IO.Path.Combine(folder.FullName, candidate, "README.md")))
                    return System.IO.Path.Combine(folder.FullName, candidate);
        throw new DirectoryNotFoundException($"no Llama4.Tests/Data in or above {AppContext.BaseDirectory}");
    }
}
