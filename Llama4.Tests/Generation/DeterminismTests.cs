using Llama4.Core;
using Llama4.Core.Chat;
using Llama4.Core.Generation;

namespace Llama4.Tests.Generation;

/// <summary>The same request gives the same tokens and log probabilities, to the bit, whatever runs beside it and however it is cut up.</summary>
public sealed class DeterminismTests(DemoModel demo)
{
    static readonly GenerationOptions sampled = new()
    {
        Temperature = 1.2f,
        TopP = 0.95f,
        TopK = 100,
        MinP = 0.001f,
        RepetitionPenalty = 1.1f,
        FrequencyPenalty = 0.1f,
        Seed = 20,
        TopLogProbs = 3,
        MaxTokens = 24,
    };

    /// <summary>Short and long, one of over 256 tokens (an attention chunk), two with pictures of one and of several tiles.</summary>
    static readonly Question[] questions = Choose();

    static Question[] Choose()
    {
        IReadOnlyList<Question> all = DemoModel.ReadQuestions();
        return
        [
            all[0], all.First(q => q.Category == "picture"), all.First(q => q.PromptTokens > 300 && q.Category == "needle"),
            all.First(q => q.Category == "picture of another size" && q.PromptTokens > 100), all.First(q => q.Category == "second turn"),
        ];
    }

    static Task<List<string>> Ask(Llama llama, Question question, ulong seed) => DemoModel.TraceAsync(
        llama.ChatAsync(question.LoadMessages(), sampled with { Seed = seed, Tools = question.Tools }, DemoModel.Cancel));

    static async Task<List<string>[]> Together(Llama llama) =>
        await Task.WhenAll(questions.Select((question, index) => Ask(llama, question, (ulong)index)));

    static async Task<List<string>[]> OneByOne(Llama llama)
    {
        var traces = new List<string>[questions.Length];
        for (int i = 0; i < traces.Length; i++) traces[i] = await Ask(llama, questions[i], (ulong)i);
        return traces;
    }

    [Fact]
    public async Task Alone_equals_together()
    {
        Llama llama = await demo.LlamaAsync();
        List<string>[] alone = await OneByOne(llama);
        Assert.Equal(alone, await Together(llama));
        Assert.All(alone, trace => Assert.InRange(trace.Count, 1, 24));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(7, 2)]
    [InlineData(64, 3)]
    [InlineData(1000, 1)]
    public async Task Chunks_and_threads_change_nothing(int prefillChunk, int threads)
    {
        List<string>[] expected = await Together(await demo.LlamaAsync());
        await using Llama llama = await Llama.LoadAsync(
            options: new LlamaOptions { PrefillChunk = prefillChunk, Threads = threads, MaxParallel = 3 }, cancel: DemoModel.Cancel);
        Assert.Equal(expected, await Together(llama));
    }

    [Fact]
    public async Task The_context_size_changes_nothing()
    {
        List<string> expected = await Ask(await demo.LlamaAsync(), questions[2], 3);
        await using Llama small = await Llama.LoadAsync(
            options: new LlamaOptions { ContextSize = questions[2].PromptTokens + 24 }, cancel: DemoModel.Cancel);
        Assert.Equal(expected, await Ask(small, questions[2], 3));
    }

    [Fact]
    public async Task Another_seed_gives_another_answer_and_the_seed_is_told()
    {
        Llama llama = await demo.LlamaAsync();
        Assert.NotEqual(await Ask(llama, questions[0], 1), await Ask(llama, questions[0], 2));
        GenerationOptions unseeded = sampled with { Seed = null };
        Completion first = await llama.ChatAsync("Tell me a story.", unseeded, DemoModel.Cancel).WholeAsync();
        Completion again = await llama.ChatAsync("Tell me a story.", unseeded with { Seed = first.Seed }, DemoModel.Cancel).WholeAsync();
        Completion other = await llama.ChatAsync("Tell me a story.", unseeded, DemoModel.Cancel).WholeAsync();
        Assert.Equal(first.Tokens, again.Tokens);
        Assert.NotEqual(first.Seed, other.Seed);
    }

    [Fact]
    public async Task Another_turn_with_what_the_cache_holds_equals_one_without()
    {
        ChatMessage[] first = [.. questions[1].LoadMessages()];
        await using Llama fresh = await Llama.LoadAsync(cancel: DemoModel.Cancel);
        Completion answer = await fresh.ChatAsync(first, cancel: DemoModel.Cancel).WholeAsync();
        ChatMessage[] second = [.. first, ChatMessage.Assistant(answer.Text), ChatMessage.User("And what color is it?")];

        Assert.Equal(0, answer.CachedTokens);
        List<string> warm = await DemoModel.TraceAsync(fresh.ChatAsync(second, sampled, DemoModel.Cancel));
        await using Llama cold = await Llama.LoadAsync(cancel: DemoModel.Cancel);
        Assert.Equal(await DemoModel.TraceAsync(cold.ChatAsync(second, sampled, DemoModel.Cancel)), warm);

        // The same again: everything but the last token of the prompt is there, pictures included.
        Completion third = await fresh.ChatAsync(second, sampled, DemoModel.Cancel).WholeAsync();
        Assert.Equal(third.PromptTokens - 1, third.CachedTokens);
        Completion turn = await cold.ChatAsync(
            [.. second, ChatMessage.Assistant(third.Text), ChatMessage.User("Why?")], sampled, DemoModel.Cancel).WholeAsync();
        Assert.True(turn.CachedTokens >= third.PromptTokens, $"{turn.CachedTokens} of {third.PromptTokens} tokens of the first prompt");
    }
}
