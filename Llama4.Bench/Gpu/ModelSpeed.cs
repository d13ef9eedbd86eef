using System.Diagnostics;
using Llama4.Core.Cache;
using Llama4.Core.Model;
using Llama4.Kernels;
using Llama4.Kernels.Gpu;

namespace Llama4.Bench.Gpu;

/// <summary>Tokens per second of a random model made on the device, with steps as the engine makes them.</summary>
sealed class ModelSpeed(GpuDevice device, GpuShape shape, GpuLimits limits)
{
    /// <param name="encoding">Of all matrices but the output's.</param>
    public IEnumerable<GpuModelRow> Measure(int layers, Encoding encoding, Encoding output)
    {
        TextConfig config = shape.Model(layers);
        using var memory = new DeviceWeights(device);
        Llama4Weights weights = memory.Model(config, encoding, output);
        using var cache = new KvCache(device, config, Encoding.BF16);
        using var batch = new StepBatch(cache, shape.PromptRows, shape.Batch, shape.Batch);
        using var model = new Llama4Model(config, weights, cache, shape.PromptRows, shape.Batch);
        string name = $"{layers} layers {encoding}";
        var run = new Steps(device, config, cache, batch, model);

        yield return new GpuModelRow($"{name}: prompt of {shape.PromptRows}", run.Prompt(shape.PromptRows), null, null);
        long perToken = SpeedOfLight.WeightBytesPerToken(config, weights);
        foreach (int depth in shape.Depths)
        {
            double seconds = run.Answers(1, depth, shape.Steps);
            double gigabytes = (perToken + SpeedOfLight.CacheBytesPerToken(config, cache.Encoding, depth)) / seconds / 1e9;
            yield return new GpuModelRow($"{name}: answer at {depth}", 1 / seconds, gigabytes, gigabytes / limits.ReadGigabytes);
        }
        yield return new GpuModelRow($"{name}: {shape.Batch} answers at {shape.Depths[0]}", shape.Batch / run.Answers(shape.Batch, shape.Depths[0], shape.Steps), null, null);
    }

    /// <summary>Bytes that the weights take.</summary>
    public long Bytes(int layers, Encoding encoding)
    {
        TextConfig c = shape.Model(layers);
        long attention = (long)c.Width * c.HeadDim * (2 * c.Heads + 2 * c.KvHeads), experts = 3L * c.Width * c.ExpertWidth * (c.Experts + 1);
        return (layers * (attention + experts) + 2L * c.Vocabulary * c.Width) * encoding.BlockBytes() / encoding.BlockLength();
    }

    sealed class Steps(GpuDevice device, TextConfig config, KvCache cache, StepBatch batch, Llama4Model model)
    {
        readonly Random random = new(1);
        readonly float[] logits = new float[batch.MaxLogitRows * config.Vocabulary];

        /// <summary>Tokens per second of one step with so many rows, the better of two.</summary>
        public double Prompt(int rows)
        {
            double best = double.MaxValue;
            for (int round = 0; round < 3; round++)
            {
                using KvSequence sequence = cache.NewSequence();
                batch.Clear();
                Add(sequence, rows);
                double seconds = Time();
                if (round > 0) best = Math.Min(best, seconds);
            }
            return rows / best;
        }

        /// <summary>Seconds of a step that continues so many answers. What is before them is never computed: their keys and values are zeros.</summary>
        public double Answers(int count, int depth, int steps)
        {
            KvSequence[] sequences = [.. Enumerable.Range(0, count).Select(_ => cache.NewSequence())];
            foreach (KvSequence sequence in sequences) sequence.Extend(depth);
            var seconds = new List<double>();
            // The first step of a shape prepares, the second records.
            for (int step = 0; step < steps + 3; step++)
            {
                batch.Clear();
                foreach (KvSequence sequence in sequences) Add(sequence, 1);
                double time = Time();
                if (step >= 3) seconds.Add(time);
            }
            foreach (KvSequence sequence in sequences) sequence.Dispose();
            return seconds.Order().ElementAt(seconds.Count / 2);
        }

        void Add(KvSequence sequence, int rows)
        {
            var ids = new int[rows];
            foreach (ref int id in ids.AsSpan()) id = random.Next(config.Vocabulary);
            batch.Add(sequence, ids, 1);
        }

        double Time()
        {
            long start = Stopwatch.GetTimestamp();
            device.Download(model.Forward(batch), logits.AsSpan(0, batch.LogitRowCount * config.Vocabulary));
            return Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
    }
}
