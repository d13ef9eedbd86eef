using Llama4.Bench.Cpu;
using Llama4.Core;
using Llama4.Tests.Formats;
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
        var options = new EndToEndOptions(Llama.DemoModelPath, [1], [4], DecodeTokens: 2, [3], Encoding.BF16, Rounds: 2, PrefillChunk: 512, peer);
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
