using System.Reflection.PortableExecutable;

namespace Llama4.Tests;

public class NothingNativeTests
{
    /// <summary>What a user ships is managed code and data: every library beside the program has a CLI header, and there is no other kind.</summary>
    [Fact]
    public void Every_library_beside_the_program_is_managed()
    {
        string folder = AppContext.BaseDirectory;
        string[] libraries = [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Where(f => Path.GetExtension(f) is ".dll" or ".so" or ".dylib" || Path.GetFileName(f).Contains(".so.", StringComparison.Ordinal))
            .Where(f => !IsRuntime(f))];
        Assert.Contains(libraries, f => Path.GetFileName(f) == "Llama4.Core.dll");
        foreach (string library in libraries)
        {
            Assert.Equal(".dll", Path.GetExtension(library));
            using var reader = new PEReader(File.OpenRead(library));
            Assert.True(reader.HasMetadata && reader.PEHeaders.CorHeader is not null, $"{library} is not managed");
        }
    }

    /// <summary>In a self-contained publish the .NET runtime itself lies beside the program: it is not ours.</summary>
    static bool IsRuntime(string file) =>
        File.Exists(Path.Combine(AppContext.BaseDirectory, "System.Private.CoreLib.dll")) && !Path.GetFileName(file).StartsWith("Llama4", StringComparison.Ordinal);
}
