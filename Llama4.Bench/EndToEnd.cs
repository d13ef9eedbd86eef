using System.Diagnostics;
using System.Text.Json;
using Llama4.Core.Cache;
using Llama4.Core.Formats;
using Llama4.Core.Model;
using Llama4.Kernels;
using Llama4.Kernels.Cpu;

namespace Llama4.Bench;

/// <summary>Prefill and decode speed of a model file, as tokens per second and as a share of the machine's read bandwidth.</summary>
sealed class EndToEnd(EndToEndOptions options)
{
    readonly EndToEndOptions options = options;
    readonly Random random = new(1);

    public EndToEndResult Run(TextWriter log)
    {
        long start = Stopwatch.GetTimestamp();
        using Checkpoint checkpoint = Checkpoint.Open(options.Model);
        TextConfig config = checkpoint.Config.Text;
        var rows = new List<EndToEndRow>();
        double loadSeconds = 0;
        long bytesPerToken = 0;
        foreach (int threads in options.Threads)
        {
            using var device = new CpuDevice(new CpuOptions { Threads = threads });
            Llama4Weights weights = checkpoint.LoadText(device);
            if (loadSeconds == 0) loadSeconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            bytesPerToken = SpeedOfLight.WeightBytesPerToken(config, weights);
            using var cache = new KvCache(device, config, options.Kv);
            int maxRows = Math.Min(options.PrefillChunk, Math.Max(1, options.Prefill.DefaultIfEmpty(1).Max()));
            using var batch = new StepBatch(cache, maxRows, 1, 1);
            using var model = new Llama4Model(config, weights, cache, maxRows, 1);
            var bench = new ThreadRun(this, device, config, cache, batch, model, threads);
            bench.WarmUp();
            foreach (int length in options.Prefill) rows.Add(bench.Prefill(length));
            foreach (int depth in options.Depths) rows.Add(bench.Decode(options.DecodeTokens, depth, bytesPerToken));
            foreach (EndToEndRow row in rows.Where(r => r.Threads == threads)) log.WriteLine(row);
        }
        using Process self = Process.GetCurrentProcess();
        return new EndToEndResult(Machine.Describe(), Path.GetFileName(options.Model), checkpoint.WeightBytes, bytesPerToken, loadSeconds, self.PeakWorkingSet64, rows);
    }

    /// <summary>The measurements with one number of threads.</summary>
    sealed class ThreadRun(EndToEnd owner, Device device, TextConfig config, KvCache cache, StepBatch batch, Llama4Model model, int threads)
    {
        readonly float[] logits = new float[config.Vocabulary];

        /// <summary>Touches every weight once and lets the runtime compile the kernels at their best.</summary>
        public void WarmUp()
        {
            Sequence(batch.MaxRows, 8, out _);
            Sequence(1, 8, out _);
        }

        public EndToEndRow Prefill(int length)
        {
            var seconds = new List<double>();
            for (int round = 0; round < owner.options.Rounds; round++)
            {
                using KvSequence sequence = cache.NewSequence();
                seconds.Add(Feed(sequence, length));
            }
            return new EndToEndRow($"prefill {length}", threads, length / Median(seconds), Spread(seconds), null, null);
        }

        public EndToEndRow Decode(int tokens, int depth, long weightBytes)
        {
            double bandwidth = Machine.ReadBandwidth(threads);
            var seconds = new List<double>();
            for (int round = 0; round < owner.options.Rounds; round++)
            {
                Sequence(depth, tokens, out double elapsed);
                seconds.Add(elapsed / tokens);
            }
            bandwidth = (bandwidth + Machine.ReadBandwidth(threads)) / 2;
            double gigabytes = (weightBytes + SpeedOfLight.CacheBytesPerToken(config, cache.Encoding, depth + tokens / 2)) / Median(seconds) / 1e9;
            return new EndToEndRow($"decode {tokens} at {depth}", threads, 1 / Median(seconds), Spread(seconds), gigabytes, gigabytes / bandwidth);
        }

        /// <summary>A sequence of <paramref name="depth"/> tokens, then <paramref name="tokens"/> single steps that are timed.</summary>
        void Sequence(int depth, int tokens, out double elapsed)
        {
            using KvSequence sequence = cache.NewSequence();
            if (depth > 0) Feed(sequence, depth);
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < tokens; i++) Step(sequence, 1);
            elapsed = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        double Feed(KvSequence sequence, int length)
        {
            long start = Stopwatch.GetTimestamp();
            for (int done = 0; done < length;)
            {
                int rows = cache.LongestSegment(sequence.Length, Math.Min(batch.MaxRows, length - done));
                Step(sequence, rows);
                done += rows;
            }
            return Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        void Step(KvSequence sequence, int rows)
        {
            Span<int> ids = stackalloc int[rows];
            foreach (ref int id in ids) id = owner.random.Next(config.Vocabulary);
            batch.Clear();
            batch.Add(sequence, ids, 1);
            device.Download(model.Forward(batch), logits.AsSpan());
        }

        static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

        /// <summary>Half the distance between the slowest and the fastest round, relative to the median.</summary>
        static double Spread(List<double> values) => (values.Max() - values.Min()) / 2 / Median(values);
    }
}

/// <summary>What to measure.</summary>
/// <param name="Model">A model file or folder.</param>
/// <param name="Threads">Numbers of threads, one after the other.</param>
/// <param name="Prefill">Prompt lengths.</param>
/// <param name="Depths">Positions at which decoding starts.</param>
sealed record EndToEndOptions(string Model, int[] Threads, int[] Prefill, int DecodeTokens, int[] Depths, Encoding Kv, int Rounds, int PrefillChunk);

/// <summary>One line of the table.</summary>
/// <param name="TokensPerSecond">Of the median round.</param>
/// <param name="Spread">Relative half range of the rounds.</param>
/// <param name="GigabytesPerSecond">Bytes that must be read per second; decode only.</param>
/// <param name="BandwidthShare">Of the read bandwidth measured before and after.</param>
sealed record EndToEndRow(string Test, int Threads, double TokensPerSecond, double Spread, double? GigabytesPerSecond, double? BandwidthShare)
{
    public override string ToString() => FormattableString.Invariant(
        $"{Test,-20} {Threads,3} threads {TokensPerSecond,9:f2} tok/s ±{Spread:p0}{GigabytesPerSecond,8:f1}{(BandwidthShare is { } share ? $" GB/s = {share:p0} of read bandwidth" : "")}");
}

sealed record EndToEndResult(
    Machine Machine, string Model, long FileBytes, long BytesPerToken, double LoadSeconds, long PeakResidentBytes, IReadOnlyList<EndToEndRow> Rows)
{
    static readonly JsonSerializerOptions json = new() { WriteIndented = true };

    public string ToJson() => JsonSerializer.Serialize(this, json);
}
