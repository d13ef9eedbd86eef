using System.Collections.Concurrent;
using Llama4.Core.Sampling;
using Llama4.Core.Tokenization;
using Llama4.Kernels;

namespace Llama4.Core.Generation;

/// <summary>
/// Answers requests: one thread does all work on the device, step by step. Requests come in from any thread and go out as streams; nobody who
/// waits for them blocks a thread. A cancelled request is gone after the step that is running. An error of one request ends that one alone.
/// </summary>
internal sealed class Engine : IDisposable
{
    readonly ModelRunner runner;
    readonly EngineLimits limits;
    readonly Scheduler scheduler;
    readonly SamplerScratch scratch;
    readonly ConcurrentQueue<Request> arrivals = [];
    readonly SemaphoreSlim wake = new(0);
    readonly TaskCompletionSource stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    volatile bool isStopping;
    volatile Exception? fault;

    /// <param name="runner">Disposed with the engine.</param>
    public Engine(ModelRunner runner, Llama4Tokenizer tokenizer, IReadOnlySet<int> endTokens, EngineLimits limits)
    {
        this.runner = runner;
        this.limits = limits;
        scratch = new SamplerScratch(runner.Vocabulary);
        scheduler = new Scheduler(runner.Cache, limits, runner.PatchToken,
            (request, cache) => new Sequence(request, cache, tokenizer, endTokens, runner.Vocabulary, limits.Context));
        new Thread(Run) { Name = "Llama 4 steps", IsBackground = true }.Start();
    }

    /// <summary>When the thread has ended and everything is freed.</summary>
    public Task Stopped => stopped.Task;

    /// <summary>Hands a request over; its stream begins.</summary>
    /// <exception cref="InvalidRequestException">The prompt is empty, or too long for the context.</exception>
    /// <exception cref="ObjectDisposedException">The engine was disposed.</exception>
    public void Submit(Request request)
    {
        CheckLength(request.Prompt.Ids.Length);
        if (isStopping) throw Gone();
        arrivals.Enqueue(request);
        wake.Release();
        // The thread may have looked at the queue for the last time before this arrival.
        if (isStopping) Refuse();
    }

    /// <summary>Nobody waits for this request any more.</summary>
    public void Cancel(Request request)
    {
        request.Cancel();
        wake.Release();
    }

    /// <summary>Ends all streams with <see cref="ObjectDisposedException"/> after the step that is running.</summary>
    public void Stop()
    {
        isStopping = true;
        wake.Release();
    }

    public void Dispose()
    {
        Stop();
        stopped.Task.Wait();
    }

    void Run()
    {
        try
        {
            while (!isStopping)
            {
                while (arrivals.TryDequeue(out Request? request)) scheduler.Add(request);
                scheduler.Admit();
                if (scheduler.HasRunning) Step();
                else wake.Wait();
            }
        }
        catch (Exception error)
        {
            // An error of ours or of the device, not of a request. Whoever waits and whoever comes hears of it; the process goes on.
            fault = error;
        }
        isStopping = true;
        scheduler.EndAll(Gone());
        Refuse();
        scheduler.Dispose();
        runner.Dispose();
        stopped.SetResult();
    }

    void Step()
    {
        if (scheduler.WithImages is { } withImages) EncodeImages(withImages);
        scheduler.Plan(runner.Batch);
        if (scheduler.Planned.Count == 0) return;
        try
        {
            runner.Step(scheduler.Answering);
        }
        catch (Exception error) when (error is not DeviceFaultException)
        {
            // What the caches of this step's sequences hold now is unknown; those of the others are untouched.
            foreach (Sequence sequence in scheduler.Planned) scheduler.End(sequence, keepCache: false, error);
            return;
        }
        for (int row = 0; row < scheduler.Answering.Count; row++) Accept(scheduler.Answering[row], row);
    }

    // An error in the work for one sequence ends its request, whoever made it hears of it, and the others go on.

    void EncodeImages(Sequence sequence)
    {
        try
        {
            runner.EncodeImages(sequence);
        }
        catch (Exception error) when (error is not DeviceFaultException)
        {
            scheduler.End(sequence, keepCache: false, error);
        }
    }

    void Accept(Sequence sequence, int row)
    {
        try
        {
            bool canGrow = scheduler.TryGrow(sequence);
            bool goesOn = runner.Drawn(row) is int token ? sequence.Accept(token, canGrow) : sequence.Accept(runner.Logits(row), scratch, canGrow);
            if (!goesOn) scheduler.End(sequence, keepCache: true);
        }
        catch (Exception error)
        {
            scheduler.End(sequence, keepCache: false, error);
        }
    }

    void CheckLength(int length)
    {
        if (length == 0) throw new InvalidRequestException("prompt: there is not one token in it") { Field = "prompt" };
        if (length >= limits.Context)
            throw new InvalidRequestException(
                $"the request exceeds the available context size: the prompt has {length} tokens and needs room for an answer, "
                + $"the context is {limits.Context} tokens")
            { Field = "messages" };
    }

    void Refuse()
    {
        while (arrivals.TryDequeue(out Request? request)) request.End(Gone());
    }

    Exception Gone() => fault switch
    {
        DeviceFaultException dead => new DeviceFaultException("the engine stopped: " + dead.Message, dead),
        { } error => new InvalidOperationException("the engine stopped: " + error.Message, error),
        null => new ObjectDisposedException(nameof(Llama), "the model was disposed before the answer was complete"),
    };
}
