namespace Llama4.Core.Formats;

/// <summary>Finds out what kind of model a path names.</summary>
internal static class CheckpointOpener
{
    public static Checkpoint Open(string path, string? visionPath)
    {
        if (Directory.Exists(path)) return HfFolder.Open(path, path, only: null);
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        return HfFolder.Open(path, folder, path);
    }
}
