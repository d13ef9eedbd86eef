using Llama4.Core.Cache;
using Llama4.Core.Formats;
using Llama4.Core.Model;
using Llama4.Kernels;
using Llama4.Kernels.Cpu;

namespace Llama4.Tests.Model;

/// <summary>A decoder loaded from a model of Data and run step by step, with every intermediate result at hand.</summary>
sealed class ModelRun : IDisposable
{
    readonly Checkpoint checkpoint;
    readonly Llama4Model model;
    readonly KvCache cache;
    readonly StepBatch batch;
    readonly bool ownsDevice;

    public ModelRun(string path, CpuOptions? options = null, Encoding kv = Encoding.F32, int maxRows = 512, int maxSequences = 8)
        : this(path, new CpuDevice(options ?? new CpuOptions { Activations = ActivationPrecision.Float32 }), kv, maxRows, maxSequences) => ownsDevice = true;

    /// <param name="device">Stays the caller's.</param>
    public ModelRun(string path, Device device, Encoding kv = Encoding.F32, int maxRows = 512, int maxSequences = 8)
        : this(path, _ => new Placement(device), kv, maxRows, maxSequences) { }

    /// <param name="place">Its devices stay the caller's.</param>
    public ModelRun(string path, Func<TextConfig, Placement> place, Encoding kv = Encoding.F32, int maxRows = 512, int maxSequences = 8, bool repack = false)
    {
        checkpoint = Checkpoint.Open(path);
        Placement placement = place(Config);
        Device = placement.Devices[placement.Layer(Config.Layers - 1)];
        Llama4Weights weights = checkpoint.LoadText(placement);
        if (repack) weights = new Repacking(placement).Apply(weights);
        Weights = weights;
        cache = new KvCache(placement, Config, kv);
        batch = new StepBatch(cache, maxRows, maxSequences, maxRows);
        model = new Llama4Model(Config, weights, cache, maxRows, maxRows);
    }

    public Llama4Weights Weights { get; }

    /// <summary>That of the last layer, and so of the logits.</summary>
    public Device Device { get; }

    public Checkpoint Checkpoint => checkpoint;

    public TextConfig Config => checkpoint.Config.Text;

    public KvSequence NewSequence() => cache.NewSequence();

    /// <summary>Logits [ids, V] of every position, the prompt cut into steps of at most <paramref name="chunk"/> rows.</summary>
    public float[] Logits(int[] ids, int chunk = int.MaxValue, KvSequence? sequence = null, Tensor? features = null)
    {
        using KvSequence? own = sequence is null ? cache.NewSequence() : null;
        sequence ??= own!;
        var logits = new float[ids.Length * Config.Vocabulary];
        int usedFeatures = 0;
        for (int done = 0; done < ids.Length;)
        {
            int rows = cache.LongestSegment(sequence.Length, Math.Min(chunk, ids.Length - done));
            ReadOnlySpan<int> step = ids.AsSpan(done, rows);
            int patches = features is null ? 0 : step.Count(Config.PatchToken);
            batch.Clear();
            batch.Add(sequence, step, rows, patches == 0 ? null : features!.Value.RowRange(usedFeatures, patches), Config.PatchToken);
            Device.Download(model.Forward(batch), logits.AsSpan(done * Config.Vocabulary, rows * Config.Vocabulary));
            usedFeatures += patches;
            done += rows;
        }
        return logits;
    }

    /// <summary>One step over several sequences; logits of each one's last row.</summary>
    public float[][] Step(params (KvSequence Sequence, int[] Ids)[] parts)
    {
        var all = new float[parts.Length * Config.Vocabulary];
        Step(all, [.. parts.Select(part => (part.Sequence, (ReadOnlyMemory<int>)part.Ids))]);
        return [.. all.Chunk(Config.Vocabulary)];
    }

    /// <summary>The same into memory of the caller: allocates nothing itself.</summary>
    public void Step(float[] logits, params ReadOnlySpan<(KvSequence Sequence, ReadOnlyMemory<int> Ids)> parts)
    {
        batch.Clear();
        foreach ((KvSequence sequence, ReadOnlyMemory<int> ids) in parts) batch.Add(sequence, ids.Span, 1);
        Device.Download(model.Forward(batch), logits.AsSpan(0, parts.Length * Config.Vocabulary));
    }

    /// <summary>The residual stream of one step after the embedding and after each layer: [layers + 1][T·D].</summary>
    public List<float[]> Hidden(int[] ids)
    {
        using KvSequence sequence = cache.NewSequence();
        var hidden = new List<float[]>();
        batch.Clear();
        batch.Add(sequence, ids, 1);
        batch.Upload();
        model.Begin(batch);
        Keep();
        for (int layer = 0; layer < Config.Layers; layer++)
        {
            model.Layer(layer, batch);
            Keep();
        }
        return hidden;

        void Keep()
        {
            var values = new float[ids.Length * Config.Width];
            model.HiddenDevice.Download(model.Hidden, values.AsSpan());
            hidden.Add(values);
        }
    }

    /// <summary>Greedy continuation: ids and nothing else.</summary>
    public int[] Greedy(int[] prompt, int count, Tensor? features = null)
    {
        using KvSequence sequence = cache.NewSequence();
        float[] logits = Logits(prompt, sequence: sequence, features: features);
        var ids = new int[count];
        ReadOnlySpan<float> last = logits.AsSpan((prompt.Length - 1) * Config.Vocabulary);
        for (int i = 0; i < count; i++)
        {
            ids[i] = ArgMax(last);
            last = Logits([ids[i]], sequence: sequence);
        }
        return ids;
    }

    public static int ArgMax(ReadOnlySpan<float> row)
    {
        int best = 0;
        for (int i = 1; i < row.Length; i++)
            if (row[i] > row[best]) best = i;
        return best;
    }

    public void Dispose()
    {
        batch.Dispose();
        model.Dispose();
        cache.Dispose();
        checkpoint.Dispose();
        if (ownsDevice) Device.Dispose();
    }
}
