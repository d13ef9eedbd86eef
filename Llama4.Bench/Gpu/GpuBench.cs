using System.Diagnostics;
using Llama4.Kernels;
using Llama4.Kernels.Gpu;

namespace Llama4.Bench.Gpu;

/// <summary>Everything about one GPU in one run: right first, then how fast, beside how fast it could be.</summary>
/// <param name="small">Sizes of the models that are checked against the processor.</param>
/// <param name="log">Gets a line for each step, so that a run that is cut off was not for nothing.</param>
sealed class GpuBench(GpuDevice device, GpuShape shape, GpuShape small, TextWriter log)
{
    /// <summary>What begins later than this is left out.</summary>
    public TimeSpan MostTime { get; init; } = TimeSpan.FromMinutes(7);

    readonly long start = Stopwatch.GetTimestamp();
    readonly List<string> leftOut = [];

    /// <exception cref="InvalidOperationException">The GPU computes something else than the processor.</exception>
    public IReadOnlyDictionary<string, double> Check()
    {
        var worst = new Dictionary<string, double>();
        foreach (Encoding encoding in small.Encodings)
        {
            double row = new GpuCheck(device, small).WorstRow(encoding);
            worst.Add(encoding.ToString(), row);
            log.WriteLine(FormattableString.Invariant($"{encoding}: GPU beside processor, worst row {row:e1}"));
            if (!(row <= GpuCheck.Bound))
                throw new InvalidOperationException(FormattableString.Invariant(
                    $"{device.Name} computes wrong: with {encoding} weights a row of logits is off by {row:e1}, at most {GpuCheck.Bound} can be rounding"));
        }
        return worst;
    }

    public GpuResult Measure(IReadOnlyDictionary<string, double> worstRows)
    {
        var clock = new GpuClock(device, shape.SecondsPerCase);
        GpuLimits limits = GpuLimits.Measure(device, shape, clock);
        log.WriteLine(limits);
        // Models first: they are what it is about, and the largest wants the memory for itself.
        List<GpuModelRow> models = [.. Models(limits)];
        List<GpuKernelRow> kernels = [.. Kernels(limits, clock)];
        return new GpuResult(
            device.Name, DateTime.UtcNow, Stopwatch.GetElapsedTime(start).TotalSeconds, worstRows, limits, kernels, models, leftOut);
    }

    IEnumerable<GpuModelRow> Models(GpuLimits limits)
    {
        var speed = new ModelSpeed(device, shape, limits);
        foreach ((int layers, Encoding encoding) in ((int, Encoding)[])[(shape.AllLayers, Encoding.Q4_K), .. shape.MainEncodings.Select(e => (shape.Layers, e))])
        {
            string name = $"{layers} layers {encoding}";
            // Beside the weights: activations, and keys and values of the longest answer.
            const long Others = 8L << 30;
            if (!IsInTime(name)) continue;
            if (speed.Bytes(layers, encoding) + Math.Min(Others, speed.Bytes(layers, encoding)) > device.MemoryBytes)
            {
                leftOut.Add(FormattableString.Invariant($"{name}: {speed.Bytes(layers, encoding) / 1e9:f0} GB of weights for {device.MemoryBytes / 1e9:f0} GB"));
                continue;
            }
            foreach (GpuModelRow row in speed.Measure(layers, encoding, output: encoding == Encoding.Q4_K ? Encoding.Q6_K : encoding))
            {
                log.WriteLine(row);
                yield return row;
            }
        }
    }

    IEnumerable<GpuKernelRow> Kernels(GpuLimits limits, GpuClock clock)
    {
        foreach (Func<DeviceWeights, KernelCase> make in new KernelCases(device, shape).All())
        {
            using var memory = new DeviceWeights(device);
            KernelCase c = make(memory);
            if (!IsInTime(c.Name)) continue;
            double seconds = clock.Recorded(c.Run) / c.Times;
            double gigabytes = c.Bytes / seconds / 1e9;
            var row = new GpuKernelRow(c.Name, seconds * 1e6, gigabytes, gigabytes / limits.ReadGigabytes, c.Operations / seconds / 1e12);
            log.WriteLine(row);
            yield return row;
        }
    }

    bool IsInTime(string what)
    {
        if (Stopwatch.GetElapsedTime(start) < MostTime) return true;
        leftOut.Add($"{what}: no time left");
        return false;
    }
}
