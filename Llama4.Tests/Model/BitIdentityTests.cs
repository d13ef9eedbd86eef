using Llama4.Core.Cache;
using Llama4.Kernels;
using Llama4.Kernels.Cpu;

namespace Llama4.Tests.Model;

/// <summary>How rows are grouped into steps, batches and threads never changes a bit of the result.</summary>
public class BitIdentityTests
{
    public static TheoryData<string> Models => ["hf/scout", "hf/top2", "hf/dense", "gguf/mini-F16.gguf", "gguf/mini-Q4_K_M.gguf", "gguf/mini-Q8_0.gguf", "gguf/mini-MXFP4_MOE.gguf"];

    static ModelRun Open(string model, int threads = 2, Encoding kv = Encoding.BF16) =>
        new(TestData.Path(model.Split('/')), new CpuOptions { Threads = threads }, kv);

    static int[] Ids(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(500))];
    }

    [Theory, MemberData(nameof(Models))]
    public void Prefill_in_chunks_equals_whole(string model)
    {
        int[] ids = Ids(150, 1);
        using ModelRun run = Open(model);
        float[] whole = run.Logits(ids);
        foreach (int chunk in new[] { 1, 7, 64 }) Assert.Equal(whole, run.Logits(ids, chunk));
    }

    [Theory, MemberData(nameof(Models))]
    public void One_thread_equals_two_and_three(string model)
    {
        int[] ids = Ids(70, 2);
        float[] one = Run(1);
        Assert.Equal(one, Run(2));
        Assert.Equal(one, Run(3));

        float[] Run(int threads)
        {
            using ModelRun run = Open(model, threads);
            return run.Logits(ids);
        }
    }

    [Theory, MemberData(nameof(Models))]
    public void The_portable_path_equals_the_fastest(string model)
    {
        int[] ids = Ids(70, 2);
        using ModelRun fastest = Open(model), portable = new(TestData.Path(model.Split('/')), new CpuOptions { Threads = 2, Path = "portable" }, Encoding.BF16);
        Assert.Equal(fastest.Logits(ids), portable.Logits(ids));
    }

    [Theory, MemberData(nameof(Models))]
    public void Batched_equals_single(string model)
    {
        int[][] prompts = [Ids(31, 3), Ids(1, 4), Ids(20, 5), Ids(7, 6), Ids(32, 7)];
        int[][] next = [Ids(1, 8), Ids(25, 9), Ids(3, 10), Ids(1, 11), Ids(1, 12)];
        using ModelRun run = Open(model);

        // Each alone: its prompt, then its next part; then all together, prefill of some beside decode of others.
        float[][] alone = [.. prompts.Zip(next, (prompt, more) =>
        {
            using KvSequence sequence = run.NewSequence();
            run.Step((sequence, prompt));
            return run.Step((sequence, more))[0];
        })];
        KvSequence[] sequences = [.. prompts.Select(_ => run.NewSequence())];
        run.Step([.. sequences.Zip(prompts)]);
        float[][] together = run.Step([.. sequences.Zip(next)]);
        foreach (KvSequence sequence in sequences) sequence.Dispose();

        for (int i = 0; i < alone.Length; i++) Assert.Equal(alone[i], together[i]);
    }

    /// <summary>A sequence cut back and continued equals one that never had the part that was cut.</summary>
    [Theory, MemberData(nameof(Models))]
    public void Truncated_equals_fresh(string model)
    {
        int[] ids = Ids(60, 13), other = Ids(10, 14);
        using ModelRun run = Open(model);
        foreach (int cut in new[] { 59, 33, 32, 20 })
        {
            using KvSequence sequence = run.NewSequence();
            run.Logits(ids, sequence: sequence);
            int kept = sequence.Truncate(cut);
            float[] continued = run.Logits([.. ids[kept..cut], .. other], sequence: sequence);
            float[] fresh = run.Logits([.. ids[..cut], .. other]);
            Assert.Equal(fresh.AsSpan(kept * run.Config.Vocabulary).ToArray(), continued);
        }
    }
}
