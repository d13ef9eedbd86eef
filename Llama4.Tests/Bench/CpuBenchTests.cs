using System.Runtime.InteropServices;
using Llama4.Bench.Cpu;
using Llama4.Core;
using Llama4.Core.Cache;
using Llama4.Kernels.Cpu;
using Llama4.Tests.Formats;
using Llama4.Tests.Model;
using Encoding = Llama4.Kernels.Encoding;

namespace Llama4.Tests.Bench;

/// <summary>The benchmark of a model on the CPU, and the peer that takes turns with it.</summary>
public sealed class CpuBenchTests : IDisposable
{
    readonly TempFolder folder = new();

    [Fact]
    public void Ours_and_the_peers_rounds_alternate_and_each_row_has_its_share_of_the_machine()
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("the peer of this test is a shell script");
        Peer peer = Script("""echo "$*" >> calls; echo '[{"n_prompt": 4, "avg_ts": 2.5}]'""");
        var options = new EndToEndOptions(Llama.DemoModelPath, [1], [4], DecodeTokens: 2, [3], Encoding.BF16, Rounds: 2, PrefillChunk: 512, Peer: peer);
        EndToEndResult result = new EndToEnd(options).Run(TextWriter.Null);

        Assert.Equal(["prefill 4", "decode 2 at 3"], result.Rows.Select(row => row.Test));
        Assert.All(result.Rows, row =>
        {
            Assert.Equal(2.5, row.Rounds.Peer);
            Assert.Equal(row.Rounds.Ours / 2.5, row.Rounds.Ratio!.Value, precision: 6);
            Assert.InRange(row.Share, double.Epsilon, double.MaxValue);
        });
        string[] calls = File.ReadAllLines(folder["calls"]);
        string model = $"-m {Llama.DemoModelPath} -t 1";
        Assert.Equal([$"{model} -p 4 -n 0 -d 0 -r 1 -o json", $"{model} -p 0 -n 2 -d 3 -r 1 -o json"], calls.Distinct());
        Assert.Equal(4, calls.Length);
        Assert.Contains("\"Ratio\"", result.ToJson());
    }

    [Fact]
    public void Rounds_at_a_depth_start_from_it_and_the_log_says_how_it_was_filled()
    {
        using var device = new CpuDevice();
        using var cache = new KvCache(device, TinyConfig.Text, Encoding.BF16);
        int fed = 0;
        using var deep = new DeepSequence(cache, (sequence, rows) =>
        {
            for (int i = 0; i < rows; i++, fed++) sequence.Extend(1);
            byte[] page = [.. Enumerable.Range(0, (int)cache.Parts[0].Full.PageBytes).Select(i => (byte)i)];
            foreach (long address in sequence.Pages(0, isChunked: false)) Marshal.Copy(page, 0, (nint)address, page.Length);
        });
        const int Depth = 2 * DeepSequence.Computed + 1;
        Assert.Equal(Depth, deep.At(Depth).Length);
        Assert.Equal(DeepSequence.Computed, fed);
        List<long> pages = deep.At(Depth).Pages(0, isChunked: false);
        Assert.Equal(Depth / KvCache.PageRows + 1, pages.Count);
        Assert.All(pages, address => Assert.Equal(7, Marshal.ReadByte((nint)address, 7)));
        Assert.Equal(5, deep.At(5).Length);

        var log = new StringWriter();
        new EndToEnd(new EndToEndOptions(Llama.DemoModelPath, [1], [], DecodeTokens: 2, [Depth], Encoding.BF16, Rounds: 2, PrefillChunk: 512)).Run(log);
        Assert.StartsWith($"behind the first {DeepSequence.Computed} positions", log.ToString());
    }

    [Theory]
    [InlineData("exit 3", "ended with code 3")]
    [InlineData("echo nonsense", "printed no llama-bench JSON with avg_ts: nonsense")]
    [InlineData("echo '[]'", "printed no llama-bench JSON")]
    [InlineData("echo '[{}]'", "printed no llama-bench JSON")]
    public void A_peer_that_fails_is_named(string script, string complaint)
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("the peer of this test is a shell script");
        var error = Assert.Throws<InvalidOperationException>(() => Script(script).TokensPerSecond("model.gguf", 1, 4, 0, 0));
        Assert.Contains(complaint, error.Message);
    }

    Peer Script(string text)
    {
        File.WriteAllText(folder["peer.sh"], $"cd '{folder.Root}'\n{text}\n");
        return new Peer($"sh {folder["peer.sh"]}");
    }

    public void Dispose() => folder.Dispose();
}
