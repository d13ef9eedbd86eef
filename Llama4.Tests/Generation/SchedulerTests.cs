using Llama4.Core.Cache;
using Llama4.Core.Formats;
using Llama4.Core.Generation;
using Llama4.Core.Model;
using Llama4.Core.Sampling;
using Llama4.Core.Tokenization;
using Llama4.Kernels;
using Llama4.Kernels.Cpu;
using Llama4.Tests.Model;

namespace Llama4.Tests.Generation;

/// <summary>Who runs, and what makes a step; no model is computed.</summary>
public sealed class SchedulerTests : IDisposable
{
    readonly CpuDevice device = new(new CpuOptions { Threads = 1 });
    readonly KvCache cache;
    readonly SamplerScratch scratch = new(TinyConfig.Text.Vocabulary);
    readonly List<IDisposable> made = [];

    public SchedulerTests() => cache = new KvCache(device, TinyConfig.Text with { ChunkLength = 128 }, Encoding.F32);

    [Fact]
    public void Answers_and_prompts_share_a_step_and_no_prompt_crosses_a_chunk_or_the_limit()
    {
        (Scheduler scheduler, StepBatch batch) = Make(new EngineLimits(1024, Sequences: 3, PromptRows: 100, CacheBytes: long.MaxValue));
        Request[] requests = [Ask(5), Ask(300), Ask(70), Ask(1)];
        foreach (Request request in requests) scheduler.Add(request);
        scheduler.Admit();
        // Step, then the rows of each sequence in it.
        Assert.Equal([5, 95], Step(scheduler, batch));          // the third finds no rows left, the fourth no place
        Assert.Equal([1, 33, 67], Step(scheduler, batch));      // 95 + 33 ends the chunk of 128
        Assert.Equal([1, 100], Step(scheduler, batch));
        Assert.Equal([1, 28, 3], Step(scheduler, batch));       // 228 + 28 ends the second chunk
        Assert.Equal([1, 1, 44], Step(scheduler, batch));       // the third one's answer comes first
        requests[0].Cancel();
        scheduler.Admit();
        Assert.Equal([1, 1, 1], Step(scheduler, batch));        // the fourth has the first one's place
    }

    [Fact]
    public void Nobody_starts_before_there_is_memory_and_the_first_to_come_is_the_first_to_start()
    {
        long bytes = cache.BytesFor(200);
        (Scheduler scheduler, StepBatch batch) = Make(new EngineLimits(200, Sequences: 8, PromptRows: 64, CacheBytes: 2 * bytes));
        Request[] requests = [Ask(100, 100), Ask(100, 100), Ask(100, 90), Ask(1, 1)];
        foreach (Request request in requests) scheduler.Add(request);
        scheduler.Admit();
        Assert.Equal(2, Running());
        Assert.True(cache.AllocatedBytes <= 2 * bytes + (2 << 20));
        requests[1].Cancel();
        scheduler.Admit();
        Assert.Equal(2, Running());

        int Running()
        {
            for (int i = 0; i < 8; i++) Step(scheduler, batch);
            return scheduler.Planned.Count;
        }
    }

    [Fact]
    public void An_answer_without_a_limit_ends_where_the_memory_does_and_the_other_goes_on()
    {
        long bytes = 2 * cache.BytesFor(1100);
        (Scheduler scheduler, StepBatch batch) = Make(new EngineLimits(2048, Sequences: 2, PromptRows: 2048, CacheBytes: bytes));
        Request[] requests = [Ask(70), Ask(70)];
        foreach (Request request in requests) scheduler.Add(request);
        scheduler.Admit();
        for (int i = 0; i < 1200 && scheduler.HasRunning; i++) Step(scheduler, batch);
        Completion[] ended = [.. requests.Select(r => Last(r)).OfType<Completion>()];
        Completion first = Assert.Single(ended);
        Assert.Equal(FinishReason.Length, first.FinishReason);
        Assert.InRange(first.PromptTokens + first.CompletionTokens, 1094, 1200);
        Assert.Single(Step(scheduler, batch));
    }

    [Fact]
    public void A_kept_cache_is_used_again_and_given_up_when_memory_is_wanted()
    {
        (Scheduler scheduler, StepBatch batch) = Make(new EngineLimits(300, Sequences: 2, PromptRows: 256, CacheBytes: cache.BytesFor(300)));
        Request first = Ask(100, 4), again = Ask(101, 4), other = Ask(250, 4, from: 7);
        Run(first);
        Run(again);
        Assert.Equal((0, 100), (Last(first)!.CachedTokens, Last(again)!.CachedTokens));
        Run(other);
        Run(again = Ask(101, 4));
        Assert.Equal((0, 0), (Last(other)!.CachedTokens, Last(again)!.CachedTokens));

        void Run(Request request)
        {
            scheduler.Add(request);
            scheduler.Admit();
            while (scheduler.HasRunning) Step(scheduler, batch);
        }
    }

    public void Dispose()
    {
        foreach (IDisposable item in made) item.Dispose();
        cache.Dispose();
        device.Dispose();
    }

    (Scheduler, StepBatch) Make(EngineLimits limits)
    {
        var tokenizer = new Llama4Tokenizer(Bytes());
        var scheduler = new Scheduler(cache, limits, -1, (request, kept) =>
            new Sequence(request, kept, tokenizer, new HashSet<int>(), TinyConfig.Text.Vocabulary, limits.Context));
        var batch = new StepBatch(cache, limits.PromptRows + limits.Sequences, limits.Sequences, limits.Sequences);
        made.AddRange([scheduler, batch]);
        return (scheduler, batch);
    }

    /// <summary>The smallest tokenizer: one token for each byte.</summary>
    static TokenizerData Bytes() => new()
    {
        Tokens = [.. Enumerable.Range(0, 256).Select(b => (ReadOnlyMemory<byte>)new[] { (byte)b })],
        ControlTokens = new Dictionary<string, int>(),
    };

    static Request Ask(int length, int? maxTokens = null, int from = 0) =>
        new(new Prompt([.. Enumerable.Range(from, length).Select(i => i % 32)], []), new SamplingOptions(), maxTokens, []);

    /// <summary>Plans a step and gives every answer its next token, always the same one. Returns the rows of each sequence.</summary>
    int[] Step(Scheduler scheduler, StepBatch batch)
    {
        scheduler.Plan(batch);
        int[] rows = [.. scheduler.Planned.Select(s => s.Cache.Length - before.GetValueOrDefault(s))];
        foreach (Sequence sequence in scheduler.Planned) before[sequence] = sequence.Cache.Length;
        foreach (Sequence sequence in scheduler.Answering.ToArray())
        {
            bool goesOn = sequence.Accept(new float[TinyConfig.Text.Vocabulary], scratch, scheduler.TryGrow(sequence));
            if (!goesOn) scheduler.End(sequence, keepCache: true);
        }
        return rows;
    }

    readonly Dictionary<Sequence, int> before = [];

    static Completion? Last(Request request)
    {
        Completion? completion = null;
        while (request.Pieces.TryRead(out Piece piece)) completion = piece.Completion ?? completion;
        return completion;
    }
}
