using System.Diagnostics;
using Llama4.Core.Cache;
using Llama4.Core.Formats;
using Llama4.Core.Model;
using Llama4.Kernels;
using Llama4.Kernels.Cpu;

namespace Llama4.Bench.Cpu;

/// <summary>
/// Prefill and decode speed of a model file on the CPU, as tokens per second, as a share of what the machine can do at best, and beside a
/// peer's on the same file: a round of ours, a round of the peer's, and so on.
/// </summary>
sealed class EndToEnd(EndToEndOptions options)
{
    readonly EndToEndOptions options = options;
    readonly Random random = new(1);
    readonly PeakMemory memory = new();

    public EndToEndResult Run(TextWriter log)
    {
        long start = Stopwatch.GetTimestamp();
        using Checkpoint checkpoint = Checkpoint.Open(options.Model);
        TextConfig config = checkpoint.Config.Text;
        var rows = new List<EndToEndRow>();
        double loadSeconds = 0;
        long bytesPerToken = 0, cacheBytes = 0;
        if (options.Depths.Any(depth => depth > DeepSequence.Computed))
            log.WriteLine($"behind the first {DeepSequence.Computed} positions the cache repeats their keys and values");
        foreach (int threads in options.Threads)
        {
            using var device = new CpuDevice(new CpuOptions { Threads = threads });
            Llama4Weights weights = checkpoint.LoadText(device);
            if (loadSeconds == 0) loadSeconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            if (options.Repack)
            {
                long repacking = Stopwatch.GetTimestamp();
                weights = new Repacking(new Placement(device)).Apply(weights);
                log.WriteLine(FormattableString.Invariant($"repacked in {Stopwatch.GetElapsedTime(repacking).TotalSeconds:f2} s by {threads} threads"));
            }
            bytesPerToken = SpeedOfLight.WeightBytesPerToken(config, weights);
            using var cache = new KvCache(device, config, options.Kv);
            int maxRows = Math.Min(options.PrefillChunk, options.Prefill.Concat(options.Depths).Append(1).Max());
            using var batch = new StepBatch(cache, maxRows, 1, 1);
            using var model = new Llama4Model(config, weights, cache, maxRows, 1);
            using var bench = new ThreadRun(this, device, config, weights, cache, batch, model, threads);
            bench.WarmUp();
            foreach (int length in options.Prefill) Add(bench.Prefill(length));
            foreach (int depth in options.Depths) Add(bench.Decode(options.DecodeTokens, depth));
            cacheBytes = Math.Max(cacheBytes, cache.AllocatedBytes);
        }
        return new EndToEndResult(
            Machine.Describe(), Path.GetFileName(options.Model), checkpoint.WeightBytes, cacheBytes, bytesPerToken, loadSeconds, memory.Bytes, options.Repack, rows);

        void Add(EndToEndRow row)
        {
            log.WriteLine(row);
            rows.Add(row);
        }
    }

    /// <summary>The measurements with one number of threads.</summary>
    sealed class ThreadRun : IDisposable
    {
        readonly EndToEnd owner;
        readonly Device device;
        readonly TextConfig config;
        readonly Llama4Weights weights;
        readonly KvCache cache;
        readonly StepBatch batch;
        readonly Llama4Model model;
        readonly int threads;
        readonly float[] logits;
        readonly DeepSequence deep;

        public ThreadRun(EndToEnd owner, Device device, TextConfig config, Llama4Weights weights, KvCache cache, StepBatch batch, Llama4Model model, int threads)
        {
            (this.owner, this.device, this.config, this.weights) = (owner, device, config, weights);
            (this.cache, this.batch, this.model, this.threads) = (cache, batch, model, threads);
            logits = new float[config.Vocabulary];
            deep = new DeepSequence(cache, (sequence, length) => Feed(sequence, length));
        }

        /// <summary>Touches every weight once and lets the runtime compile the kernels at their best.</summary>
        public void WarmUp()
        {
            Steps(batch.MaxRows, 8);
            Steps(1, 8);
        }

        public EndToEndRow Prefill(int length)
        {
            // Floats in blocks of one number are multiplied as they are, all others as bytes.
            bool inBytes = weights.Layers[0].Query.Encoding.BlockLength() > 1;
            double limit = inBytes ? Machine.ByteProductRate(threads) : Machine.MultiplyAddRate(threads);
            Rounds rounds = Measure(length, 0, 0, () =>
            {
                using KvSequence sequence = cache.NewSequence();
                return length / Feed(sequence, length);
            });
            double operations = SpeedOfLight.OperationsPerToken(config, weights) * rounds.Ours / 1e9;
            return new EndToEndRow($"prefill {length}", threads, rounds, operations, inBytes ? "Gop/s of bytes" : "Gflop/s", operations / limit);
        }

        public EndToEndRow Decode(int tokens, int depth)
        {
            double bandwidth = owner.memory.Aside(() => Machine.ReadBandwidth(threads));
            Rounds rounds = Measure(0, tokens, depth, () => tokens / Steps(depth, tokens));
            bandwidth = (bandwidth + owner.memory.Aside(() => Machine.ReadBandwidth(threads))) / 2;
            long bytes = SpeedOfLight.WeightBytesPerToken(config, weights) + SpeedOfLight.CacheBytesPerToken(config, cache.Encoding, depth + tokens / 2);
            double gigabytes = bytes * rounds.Ours / 1e9;
            return new EndToEndRow($"decode {tokens} at {depth}", threads, rounds, gigabytes, "GB/s", gigabytes / bandwidth);
        }

        Rounds Measure(int prefill, int decode, int depth, Func<double> run)
        {
            var rounds = new Rounds();
            for (int round = 0; round < owner.options.Rounds; round++)
                rounds.Add(run(), owner.options.Peer?.TokensPerSecond(owner.options.Model, threads, prefill, decode, depth));
            return rounds;
        }

        /// <summary>Seconds of <paramref name="tokens"/> single steps behind <paramref name="depth"/> positions.</summary>
        double Steps(int depth, int tokens)
        {
            KvSequence sequence = deep.At(depth);
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < tokens; i++) Step(sequence, 1);
            return Stopwatch.GetElapsedTime(start).TotalSeconds;
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

        public void Dispose() => deep.Dispose();
    }
}
