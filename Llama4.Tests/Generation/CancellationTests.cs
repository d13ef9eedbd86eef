using System.Collections.Concurrent;
using System.Diagnostics;
using Llama4.Core;
using Llama4.Core.Formats;
using Llama4.Core.Generation;

namespace Llama4.Tests.Generation;

public sealed class CancellationTests(DemoModel demo)
{
    /// <summary>Goes on until the context is full: no end token can be chosen.</summary>
    internal static readonly GenerationOptions endless = new()
    {
        Temperature = 1,
        Seed = 1,
        LogitBias = new Dictionary<int, float> { [1985] = -100, [1991] = -100, [1992] = -100 },
    };

    [Fact]
    public async Task After_a_cancel_no_piece_comes_and_the_place_is_free()
    {
        await using Llama llama = await Llama.LoadAsync(options: new LlamaOptions { MaxParallel = 1 }, cancel: DemoModel.Cancel);
        Completion alone = await llama.ChatAsync("Who are you?", cancel: DemoModel.Cancel).WholeAsync();
        for (int after = 1; after <= 4; after++)
        {
            using var cancel = new CancellationTokenSource();
            int pieces = 0;
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            {
                await foreach (Piece _ in llama.ChatAsync("Tell me a story.", endless, cancel.Token))
                    if (++pieces == after) await cancel.CancelAsync();
            });
            Assert.Equal(after, pieces);
            // The only place is taken until the cancelled answer has left it.
            Completion next = await llama.ChatAsync("Who are you?", cancel: DemoModel.Cancel).WholeAsync();
            Assert.Equal(alone.Tokens, next.Tokens);
        }
    }

    [Fact]
    public async Task A_prompt_being_read_can_be_cancelled()
    {
        await using Llama llama = await Llama.LoadAsync(options: new LlamaOptions { MaxParallel = 1, PrefillChunk = 1 }, cancel: DemoModel.Cancel);
        using var cancel = new CancellationTokenSource();
        // 2,000 steps, and then 48 tokens: seconds, of which the cancel leaves nothing.
        Task<Completion> reading = llama.CompleteAsync([.. Enumerable.Repeat(70, 2000)], endless, cancel.Token).WholeAsync();
        await Task.Delay(20, DemoModel.Cancel);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        Completion next = await llama.CompleteAsync([70, 71], new GenerationOptions { MaxTokens = 2 }, DemoModel.Cancel).WholeAsync();
        // What was read when the cancel came is kept, and tells how far it had come.
        Completion again = await llama.CompleteAsync([.. Enumerable.Repeat(70, 2000)], new GenerationOptions { MaxTokens = 1 }, DemoModel.Cancel)
            .WholeAsync();
        Assert.Equal(2, next.CompletionTokens);
        Assert.InRange(again.CachedTokens, 0, 1998);
    }

    [Fact]
    public async Task Leaving_the_loop_cancels_too()
    {
        await using Llama llama = await Llama.LoadAsync(options: new LlamaOptions { MaxParallel = 1 }, cancel: DemoModel.Cancel);
        await foreach (Piece _ in llama.ChatAsync("Tell me a story.", endless, DemoModel.Cancel)) break;
        Completion next = await llama.ChatAsync("Who are you?", cancel: DemoModel.Cancel).WholeAsync();
        Assert.Equal(FinishReason.Stop, next.FinishReason);
    }

    [Fact]
    public async Task A_request_cancelled_before_it_begins_or_while_it_waits_ends_at_once()
    {
        await using Llama llama = await Llama.LoadAsync(options: new LlamaOptions { MaxParallel = 1 }, cancel: DemoModel.Cancel);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            llama.ChatAsync("Hello", cancel: new CancellationToken(true)).WholeAsync());
        await foreach (Piece _ in llama.ChatAsync("Tell me a story.", endless, DemoModel.Cancel))
        {
            using var cancel = new CancellationTokenSource();
            Task<Completion> waiting = llama.ChatAsync("Hello", cancel: cancel.Token).WholeAsync();
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
            break;
        }
    }

    [Fact]
    public async Task Loading_can_be_cancelled()
    {
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Llama.LoadAsync(cancel: new CancellationToken(true)));
        using var cancel = new CancellationTokenSource();
        var atFirstProgress = new Here<LoadProgress>(_ => cancel.Cancel());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Llama.LoadAsync(progress: atFirstProgress, cancel: cancel.Token));
    }

    /// <summary>U37: a user interface's thread stays free; it does nothing but take the pieces.</summary>
    [Fact]
    public async Task The_callers_thread_is_free_while_the_model_works()
    {
        Llama warm = await demo.LlamaAsync();
        await warm.ChatAsync("Hello", cancel: DemoModel.Cancel).WholeAsync();
        using var thread = new OneThread();
        int pieces = await thread.RunAsync(async () =>
        {
            int count = 0;
            await using Llama llama = await Llama.LoadAsync();
            await foreach (Piece _ in llama.ChatAsync("Tell me a story.", endless with { MaxTokens = 300 }))
            {
                Assert.Same(thread, SynchronizationContext.Current);
                count++;
            }
            return count;
        });
        Assert.Equal(300, pieces);
        Assert.True(thread.Busy <= 0.05 * thread.Elapsed, $"busy for {thread.Busy} of {thread.Elapsed}");
    }

    sealed class Here<T>(Action<T> report) : IProgress<T>
    {
        public void Report(T value) => report(value);
    }

    /// <summary>A synchronization context of one thread, as user interfaces have it.</summary>
    sealed class OneThread : SynchronizationContext, IDisposable
    {
        readonly BlockingCollection<(SendOrPostCallback, object?)> work = [];
        readonly Thread thread;

        public OneThread()
        {
            thread = new Thread(Run) { IsBackground = true };
            thread.Start();
        }

        public TimeSpan Busy { get; private set; }

        public TimeSpan Elapsed { get; private set; }

        public override void Post(SendOrPostCallback callback, object? state) => work.Add((callback, state));

        public async Task<T> RunAsync<T>(Func<Task<T>> main)
        {
            var result = new TaskCompletionSource<Task<T>>(TaskCreationOptions.RunContinuationsAsynchronously);
            Post(_ => result.SetResult(main()), null);
            T value = await (await result.Task);
            work.CompleteAdding();
            thread.Join();
            return value;
        }

        public void Dispose() => work.Dispose();

        void Run()
        {
            SetSynchronizationContext(this);
            long start = Stopwatch.GetTimestamp();
            foreach ((SendOrPostCallback callback, object? state) in work.GetConsumingEnumerable())
            {
                long begin = Stopwatch.GetTimestamp();
                callback(state);
                Busy += Stopwatch.GetElapsedTime(begin);
            }
            Elapsed = Stopwatch.GetElapsedTime(start);
        }
    }
}
