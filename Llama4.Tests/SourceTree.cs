namespace Llama4.Tests;

/// <summary>The project's own sources, found above the test program.</summary>
static class SourceTree
{
    static readonly string[] generated = ["bin", "obj", ".git", "Data", "DemoModel", "artifacts"];

    public static string Root { get; } = FindRoot();

    /// <summary>Files with one of these endings, as paths relative to the root, without build output and model data.</summary>
    public static IEnumerable<string> Files(string folder, params string[] endings) =>
        Directory.EnumerateFiles(Path.Combine(Root, folder), "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Root, file).Replace('\\', '/'))
            .Where(file => endings.Any(file.EndsWith) && !file.Split('/').Intersect(generated).Any())
            .Order(StringComparer.Ordinal);

    public static string Read(string file) => File.ReadAllText(Path.Combine(Root, file));

    static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Llama4.Ilgpu.sln"))) return folder.FullName;
        throw new DirectoryNotFoundException($"no Llama4.Ilgpu.sln above {AppContext.BaseDirectory}: run the tests inside a clone");
    }
}
