using System.Diagnostics;
using Llama4.Core;
using Llama4.Core.Formats;

namespace Llama4.Tests.Formats;

/// <summary>What every bad file must get: one type of exception that names file, place and value, soon, and without much memory.</summary>
static class Refusal
{
    const long FreeBytes = 64 << 20;

    // Against hangs, not a measurement: the rule is one second on a machine that does nothing else.
    static readonly TimeSpan longest = TimeSpan.FromSeconds(20);

    /// <param name="mentions">What the message must contain.</param>
    public static ModelFormatException Of(string path, params string[] mentions) =>
        Of(() => Checkpoint.Open(path).Dispose(), path, mentions);

    public static ModelFormatException Of(Action open, string path, params string[] mentions)
    {
        long files = File.Exists(path) ? new FileInfo(path).Length
            : Directory.Exists(path) ? Directory.EnumerateFiles(path).Sum(f => new FileInfo(f).Length) : 0;
        long before = GC.GetAllocatedBytesForCurrentThread();
        var watch = Stopwatch.StartNew();
        var refusal = Assert.Throws<ModelFormatException>(open);
        Assert.True(watch.Elapsed < longest, $"took {watch.Elapsed}");
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated <= FreeBytes + 3 * files, $"{allocated} bytes were allocated for files of {files}");
        Assert.NotEmpty(refusal.Place);
        Assert.NotEmpty(refusal.File);
        foreach (string mention in mentions) Assert.Contains(mention, refusal.Message, StringComparison.Ordinal);
        return refusal;
    }
}
