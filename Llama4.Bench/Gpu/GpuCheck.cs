using Llama4.Core.Cache;
using Llama4.Core.Model;
using Llama4.Kernels;
using Llama4.Kernels.Cpu;
using Llama4.Kernels.Gpu;

namespace Llama4.Bench.Gpu;

/// <summary>Whether the GPU computes what the processor does, before its speed means anything: a small random model on both.</summary>
sealed class GpuCheck(GpuDevice device, GpuShape shape)
{
    /// <summary>Both round the inputs of quantised weights to bytes, which costs each less than 1 % in a layer; a wrong kernel is off by all.</summary>
    public const double Bound = 0.05;

    const int PromptRows = 5, AnswerRows = 2;

    /// <summary>The largest relative root mean square difference of a row of logits.</summary>
    public double WorstRow(Encoding encoding)
    {
        // Every expert is chosen: near logits of the router may not decide the comparison.
        TextConfig config = shape.Model(shape.Layers, expertsPerRow: shape.Experts);
        using var memory = new DeviceWeights(device);
        Llama4Weights weights = memory.Model(config, encoding, encoding);
        using var processor = new CpuDevice();
        float[] fast = Logits(device, config, weights), exact = Logits(processor, config, Moved(weights, processor));
        return Enumerable.Range(0, PromptRows + AnswerRows).Max(row =>
        {
            double error = 0, size = 0;
            for (int i = row * config.Vocabulary; i < (row + 1) * config.Vocabulary; i++)
            {
                error += (fast[i] - (double)exact[i]) * (fast[i] - (double)exact[i]);
                size += (double)exact[i] * exact[i];
            }
            double relative = Math.Sqrt(error / size);
            return double.IsNaN(relative) ? double.PositiveInfinity : relative;
        });
    }

    static float[] Logits(Device device, TextConfig config, Llama4Weights weights)
    {
        using var cache = new KvCache(device, config, Encoding.BF16);
        using var batch = new StepBatch(cache, PromptRows, 1, PromptRows);
        using var model = new Llama4Model(config, weights, cache, PromptRows, PromptRows);
        using KvSequence sequence = cache.NewSequence();
        var logits = new float[(PromptRows + AnswerRows) * config.Vocabulary];
        int done = 0;
        foreach (int rows in (int[])[PromptRows, .. Enumerable.Repeat(1, AnswerRows)])
        {
            batch.Clear();
            batch.Add(sequence, [.. Enumerable.Range(done, rows).Select(i => i * 7 % config.Vocabulary)], rows);
            device.Download(model.Forward(batch), logits.AsSpan(done * config.Vocabulary, rows * config.Vocabulary));
            done += rows;
        }
        return logits;
    }

    Llama4Weights Moved(Llama4Weights w, Device to)
    {
        return new Llama4Weights(Move(w.Embedding), [.. w.Layers.Select(Layer)], Move(w.FinalNorm), Matrix(w.Output));

        LayerWeights Layer(LayerWeights l) => new(
            Move(l.AttentionNorm), Matrix(l.Query), Matrix(l.Key), Matrix(l.Value), Matrix(l.AttentionOutput), Move(l.FeedForwardNorm), null,
            new MoeWeights(Matrix(l.Moe!.Router), All(l.Moe.Gate), All(l.Moe.Up), All(l.Moe.Down),
                new DenseWeights(Matrix(l.Moe.Shared.Gate), Matrix(l.Moe.Shared.Up), Matrix(l.Moe.Shared.Down))));

        Weight[] All(IReadOnlyList<Weight> weights) => [.. weights.Select(Matrix)];

        Weight Matrix(Weight weight) => new(Move(weight.Values));

        Tensor Move(Tensor tensor)
        {
            var bytes = new byte[tensor.Bytes];
            device.Download<byte>(tensor, bytes);
            Tensor moved = to.Allocate(tensor.Rows, tensor.Columns, tensor.Encoding);
            to.Upload<byte>(bytes, moved);
            return moved;
        }
    }
}
