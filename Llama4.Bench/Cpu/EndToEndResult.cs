using System.Text.Json;
using System.Text.Json.Serialization;
using Llama4.Kernels;

namespace Llama4.Bench.Cpu;

/// <summary>What to measure.</summary>
/// <param name="Model">A model file or folder.</param>
/// <param name="Threads">Numbers of threads, one after the other.</param>
/// <param name="Prefill">Prompt lengths.</param>
/// <param name="Depths">Positions at which decoding starts.</param>
/// <param name="Rounds">Of which the median counts.</param>
/// <param name="Repack">As by default when a model is loaded; else weights are used where the file lies.</param>
/// <param name="Peer">Takes turns with us, or null.</param>
sealed record EndToEndOptions(
    string Model, int[] Threads, int[] Prefill, int DecodeTokens, int[] Depths, Encoding Kv, int Rounds, int PrefillChunk, bool Repack = true, Peer? Peer = null);

/// <summary>One line of the table.</summary>
/// <param name="Rate">What the machine had to do per second, in <paramref name="Unit"/>.</param>
/// <param name="Share">Of the rate that the machine reached at best, measured in the same run.</param>
sealed record EndToEndRow(string Test, int Threads, Rounds Rounds, double Rate, string Unit, double Share)
{
    public override string ToString() => FormattableString.Invariant(
        $"{Test,-20} {Threads,3} threads {Rounds.Ours,9:f2} tok/s ±{Rounds.Spread,-5:p0}{Rate,8:f1} {Unit} = {Share:p0} of the machine's{Rounds.PeerText}");
}

/// <summary>Tokens per second of the rounds of one test, ours and, where there is one, the peer's.</summary>
sealed class Rounds
{
    readonly List<double> ours = [], peers = [], ratios = [];

    public void Add(double our, double? peer)
    {
        ours.Add(our);
        if (peer is not { } other) return;
        peers.Add(other);
        ratios.Add(our / other);
    }

    /// <summary>Of the median round.</summary>
    public double Ours => Median(ours);

    /// <summary>Half the distance between the slowest and the fastest round, relative to the median.</summary>
    public double Spread => HalfRange(ours);

    public double? Peer => peers.Count == 0 ? null : Median(peers);

    /// <summary>Median over the rounds of ours by the peer's.</summary>
    public double? Ratio => ratios.Count == 0 ? null : Median(ratios);

    public double? RatioSpread => ratios.Count == 0 ? null : HalfRange(ratios);

    [JsonIgnore]
    public string PeerText => Ratio is { } ratio ? FormattableString.Invariant($"; peer {Peer:f2}, ratio {ratio:f2} ±{RatioSpread:p0}") : "";

    static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    static double HalfRange(List<double> values) => (values.Max() - values.Min()) / 2 / Median(values);
}

/// <param name="PeakResidentBytes">Of the runs; what measuring the machine takes aside.</param>
sealed record EndToEndResult(
    Machine Machine, string Model, long FileBytes, long CacheBytes, long BytesPerToken, double LoadSeconds, long PeakResidentBytes, bool Repacked, IReadOnlyList<EndToEndRow> Rows)
{
    // What the program, the threads and the working memory of a step may take.
    const long AllowedBytes = 300_000_000;

    /// <summary>Resident beside the file and the cache; repacked weights among it.</summary>
    public long OtherBytes => PeakResidentBytes - FileBytes - CacheBytes;

    [JsonIgnore]
    public string MemoryText => FormattableString.Invariant(
        $"peak {PeakResidentBytes / 1e9:f3} GB resident = file {FileBytes / 1e9:f3} + cache {CacheBytes / 1e9:f3} + {OtherBytes / 1e6:f0} MB, {Allowance}");

    string Allowance => Repacked ? "repacked weights among it" : FormattableString.Invariant($"of {AllowedBytes / 1e6:f0} MB allowed");

    static readonly JsonSerializerOptions json = new() { WriteIndented = true };

    public string ToJson() => JsonSerializer.Serialize(this, json);
}
