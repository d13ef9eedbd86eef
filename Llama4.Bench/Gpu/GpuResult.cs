using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Llama4.Bench.Gpu;

/// <summary>One operation.</summary>
/// <param name="BandwidthShare">Of the read bandwidth measured in the same run.</param>
sealed record GpuKernelRow(string Name, double Microseconds, double Gigabytes, double BandwidthShare, double Teraflops);

/// <summary>One model and use of it.</summary>
sealed record GpuModelRow(string Name, double TokensPerSecond, double? Gigabytes, double? BandwidthShare);

/// <summary>What was found.</summary>
/// <param name="WorstRows">For each format checked, the largest relative difference between GPU and processor.</param>
/// <param name="LeftOut">What there was no time or memory for.</param>
sealed record GpuResult(
    string Device, DateTime Date, double Seconds, IReadOnlyDictionary<string, double> WorstRows, GpuLimits Limits, IReadOnlyList<GpuKernelRow> Kernels,
    IReadOnlyList<GpuModelRow> Models, IReadOnlyList<string> LeftOut)
{
    static readonly JsonSerializerOptions json = new() { WriteIndented = true };

    public string ToJson() => JsonSerializer.Serialize(this, json);

    public string ToTable()
    {
        var text = new StringBuilder();
        Line($"{Device}, {Date:yyyy-MM-dd}, {Seconds:f0} s");
        Line($"GPU beside processor, worst row: {string.Join(", ", WorstRows.Select(pair => Invariant($"{pair.Key} {pair.Value:e1}")))}");
        Line($"copy {Limits.CopyGigabytes:f0} GB/s, read {Limits.ReadGigabytes:f0} GB/s; mma.sync {Limits.BFloatTeraflops:f0} TFLOP/s bf16, {Limits.ByteTeraops:f0} TOP/s s8");
        Line($"from launch to launch: {Limits.StreamMicroseconds:f2} µs by stream, {Limits.GraphMicroseconds:f2} µs by graph");
        Line($"{"operation",-40} {"µs",10} {"GB/s",8} {"of read",8} {"TFLOP/s",8}");
        foreach (GpuKernelRow row in Kernels)
            Line($"{row.Name,-40} {row.Microseconds,10:f2} {row.Gigabytes,8:f0} {row.BandwidthShare,8:p0} {row.Teraflops,8:f1}");
        Line($"{"model",-40} {"tokens/s",10} {"GB/s",8} {"of read",8}");
        foreach (GpuModelRow row in Models)
            Line($"{row.Name,-40} {row.TokensPerSecond,10:f1} {row.Gigabytes,8:f0} {row.BandwidthShare,8:p0}");
        foreach (string what in LeftOut) Line($"left out: {what}");
        return text.ToString();

        void Line(FormattableString line) => text.AppendLine(Invariant(line).TrimEnd());
    }

    static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
