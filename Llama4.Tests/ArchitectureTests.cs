using System.Reflection;
using System.Text.RegularExpressions;
using Llama4.Kernels;

namespace Llama4.Tests;

/// <summary>The rules of the layout: who may know whom, and what a file may look like.</summary>
public sealed partial class ArchitectureTests
{
    static readonly string[] projects = ["Llama4.Kernels", "Llama4.Core", "Llama4.Cli", "Llama4.Bench", "Llama4.Tests"];

    [Fact]
    public void Dependencies_point_one_way()
    {
        Assert.DoesNotContain(References(typeof(Device).Assembly), name => !name.StartsWith("System.") && name != "ILGPU");
        Assert.DoesNotContain(References(typeof(Core.InvalidRequestException).Assembly), name => name is "ILGPU" or "llama4" or "Llama4.Cli");

        static IEnumerable<string> References(Assembly assembly) => assembly.GetReferencedAssemblies().Select(a => a.Name!);
    }

    [Fact]
    public void Core_does_not_mention_Ilgpu() =>
        AssertNoLine(SourceTree.Files("Llama4.Core", ".cs", ".csproj"), line => Regex.IsMatch(line.Replace("Llama4.Ilgpu", ""), "ilgpu", RegexOptions.IgnoreCase));

    /// <summary>Kernels know rows, not tokens; tensors, not models; encodings, not the files that hold them.</summary>
    [Fact]
    public void Kernels_mention_no_model_no_file_format_and_no_token() =>
        AssertNoLine(SourceTree.Files("Llama4.Kernels", ".cs"), line => ForeignWord().IsMatch(line.Replace("Llama4.", "")));

    [Fact]
    public void Files_have_at_most_500_lines()
    {
        foreach (string file in Sources()) Assert.True(SourceTree.Read(file).AsSpan().Count('\n') <= 500, $"{file} has more than 500 lines");
    }

    [Fact]
    public void Only_kernels_are_unsafe()
    {
        foreach (string file in SourceTree.Files("", ".csproj", ".props"))
        {
            bool allowed = SourceTree.Read(file).Contains("<AllowUnsafeBlocks>true");
            Assert.True(allowed == (file == "Llama4.Kernels/Llama4.Kernels.csproj"), $"{file}: AllowUnsafeBlocks");
        }
        foreach (string file in Sources().Where(f => !f.StartsWith("Llama4.Kernels/") && !f.EndsWith("ArchitectureTests.cs")))
            Assert.False(UnsafeMeans().IsMatch(SourceTree.Read(file)), $"{file} reaches around the type system; that belongs in Llama4.Kernels");
    }

    [Fact]
    public void Nothing_native_is_called() =>
        AssertNoLine(
            Sources().Where(f => f is not ("Llama4.Tests/Kernels/Guarded.cs" or "Llama4.Kernels/Gpu/Driver/CudaDriver.cs" or "Llama4.Tests/ArchitectureTests.cs")),
            line => Regex.IsMatch(line, @"\b(DllImport|LibraryImport|NativeLibrary|GetDelegateForFunctionPointer)\b"));

    [Fact]
    public void Namespaces_follow_folders()
    {
        foreach (string file in Sources())
        {
            Match match = Namespace().Match(SourceTree.Read(file));
            string folder = Path.GetDirectoryName(file)!.Replace('\\', '/').Replace('/', '.');
            if (match.Success) Assert.True(match.Groups[1].Value == folder, $"{file}: namespace {match.Groups[1].Value}, expected {folder}");
        }
    }

    [Fact]
    public void Nothing_refers_to_the_machine_it_was_written_on() =>
        AssertNoLine(
            SourceTree.Files("", ".cs", ".csproj", ".props", ".sln", ".md", ".json", ".yml", ".sh", ".txt").Where(f => !f.EndsWith("ArchitectureTests.cs")),
            line => MachinePath().IsMatch(line) || Urls().Matches(line).Any(url => !IsPublicHost(url.Groups[1].Value)));

    static bool IsPublicHost(string host) =>
        !host.Contains('.') || host.StartsWith("example.") || host.StartsWith("www.example.") || host.StartsWith("127.")
        || host is "github.com" or "huggingface.co" or "arxiv.org" or "learn.microsoft.com" or "dotnet.microsoft.com" or "www.llama.com" or "keepachangelog.com" or "semver.org";

    static IEnumerable<string> Sources() => projects.SelectMany(project => SourceTree.Files(project, ".cs"));

    static void AssertNoLine(IEnumerable<string> files, Func<string, bool> isWrong)
    {
        int read = 0;
        foreach (string file in files)
        {
            int number = 0;
            foreach (string line in SourceTree.Read(file).Split('\n'))
            {
                number++;
                if (isWrong(line)) Assert.Fail($"{file}({number}): {line.Trim()}");
            }
            read++;
        }
        Assert.True(read > 0);
    }

    [GeneratedRegex(@"\b(llama\w*|models?|tokens?|tokeni[sz]\w*|prompts?|chats?|vocabular\w*|checkpoints?|gguf|safetensors?|json|jinja|hugging\s*face)\b", RegexOptions.IgnoreCase)]
    private static partial Regex ForeignWord();

    [GeneratedRegex(@"\bunsafe (static|struct|class|partial|readonly|void)\b|\bUnsafe\.(?!SizeOf)|\bNativeMemory\b|MemoryMarshal\.(CreateSpan|CreateReadOnlySpan|GetReference|GetArrayDataReference)")]
    private static partial Regex UnsafeMeans();

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    [GeneratedRegex(@"(?<![\w.])/(work|home|root|Users|mnt|tmp)/|\b[A-Z]:\\\w", RegexOptions.None)]
    private static partial Regex MachinePath();

    [GeneratedRegex(@"https?://([^/\s""'<>)\]:]+)")]
    private static partial Regex Urls();
}
