using Llama4.Core.Cache;
using Llama4.Core.Model;
using Llama4.Kernels;

namespace Llama4.Core.Generation;

/// <summary>
/// Which requests run, and which of their ids make the next step. Requests start in the order of their arrival, as soon as a place and cache
/// memory for them are free. A step takes the next token of every answer and, beside them, up to a number of prompt ids: continuous batching.
/// Touched by the step thread only.
/// </summary>
internal sealed class Scheduler(KvCache cache, EngineLimits limits, int patchToken, Func<Request, KvSequence, Sequence> start) : IDisposable
{
    /// <summary>Positions of an answer without a limit that are paid for at once; more are when they are needed.</summary>
    const int FirstGrant = 1024;

    readonly Queue<Request> waiting = [];
    readonly List<Running> running = [];
    readonly PrefixCache prefixes = new(cache, limits.Sequences);
    readonly List<(Sequence Sequence, Exception Error)> refused = [];

    /// <summary>The sequences of the step whose logits are wanted, in the order of the logits.</summary>
    public List<Sequence> Answering { get; } = [];

    /// <summary>All sequences of the step.</summary>
    public List<Sequence> Planned { get; } = [];

    public bool HasRunning => running.Count > 0;

    /// <summary>The first sequence whose images are not all encoded.</summary>
    public Sequence? WithImages
    {
        get
        {
            foreach (Running r in running)
                if (r.Sequence.HasImagesToEncode) return r.Sequence;
            return null;
        }
    }

    public void Add(Request request) => waiting.Enqueue(request);

    /// <summary>Drops what nobody waits for and starts what there is room for.</summary>
    public void Admit()
    {
        for (int i = running.Count - 1; i >= 0; i--)
            if (running[i].Sequence.Request.IsCancelled) End(running[i].Sequence, keepCache: true);
        while (waiting.TryPeek(out Request? request))
        {
            if (!request.IsCancelled && !TryStart(request)) return;
            waiting.Dequeue();
            if (request.IsCancelled) request.End();
        }
    }

    bool TryStart(Request request)
    {
        if (running.Count == limits.Sequences) return false;
        int length = request.Prompt.Ids.Length;
        PrefixCache.Entry? prefix = prefixes.Find(request.Prompt);
        long bytes = cache.BytesFor(Math.Min(limits.Context, (long)length + (request.MaxTokens ?? FirstGrant)));
        // There is always room for one alone: a whole context fits the memory.
        if (!MakeRoom(bytes, prefix)) return false;
        running.Add(new Running(start(request, prefixes.Take(prefix, request.Prompt)), bytes));
        return true;
    }

    /// <summary>Fills the batch.</summary>
    public void Plan(StepBatch batch)
    {
        batch.Clear();
        Planned.Clear();
        Answering.Clear();
        refused.Clear();
        // Answers first: nobody waits for another's prompt longer than a step.
        foreach (Running r in running)
            if (r.Sequence.Pending.Length == 1) Add(batch, r.Sequence, 1);
        int rows = limits.PromptRows;
        foreach (Running r in running)
        {
            int pending = r.Sequence.Pending.Length;
            if (pending < 2 || rows == 0 || r.Sequence.HasImagesToEncode) continue;
            int segment = cache.LongestSegment(r.Sequence.Cache.Length, Math.Min(pending, rows));
            Add(batch, r.Sequence, segment);
            rows -= segment;
        }
        foreach ((Sequence sequence, Exception error) in refused) End(sequence, keepCache: false, error);
    }

    /// <summary>Whether the cache has memory for one more token of the sequence.</summary>
    public bool TryGrow(Sequence sequence)
    {
        int index = IndexOf(sequence);
        long bytes = cache.BytesFor(sequence.Length + 1);
        if (bytes <= running[index].Bytes) return true;
        if (!MakeRoom(bytes - running[index].Bytes)) return false;
        running[index] = running[index] with { Bytes = bytes };
        return true;
    }

    /// <summary>Ends a sequence; its stream as well.</summary>
    /// <param name="keepCache">Whether its cache may serve another request.</param>
    public void End(Sequence sequence, bool keepCache, Exception? error = null)
    {
        running.RemoveAt(IndexOf(sequence));
        if (keepCache) prefixes.Keep(sequence);
        else sequence.Dispose();
        sequence.Request.End(error);
    }

    /// <summary>Ends everything.</summary>
    public void EndAll(Exception error)
    {
        while (running.Count > 0) End(running[^1].Sequence, keepCache: false, error);
        while (waiting.TryDequeue(out Request? request)) request.End(error);
    }

    public void Dispose() => prefixes.Dispose();

    void Add(StepBatch batch, Sequence sequence, int rows)
    {
        bool toTheEnd = rows == sequence.Pending.Length;
        try
        {
            batch.Add(sequence.Cache, sequence.Pending[..rows], toTheEnd ? 1 : 0, sequence.TakeFeatures(rows, patchToken), patchToken);
        }
        catch (Exception error) when (error is not DeviceFaultException)
        {
            // The device had no page for it. The batch is as before.
            refused.Add((sequence, error));
            return;
        }
        Planned.Add(sequence);
        if (toTheEnd) Answering.Add(sequence);
    }

    /// <summary>Whether so many bytes are free, if need be after dropping kept caches.</summary>
    /// <param name="prefix">A kept cache whose bytes are among those asked for.</param>
    bool MakeRoom(long bytes, PrefixCache.Entry? prefix = null)
    {
        long used = bytes;
        foreach (Running r in running) used += r.Bytes;
        if (used > limits.CacheBytes) return false;
        while (used + prefixes.Bytes - (prefix?.Bytes ?? 0) > limits.CacheBytes) prefixes.DropOldest(except: prefix);
        return true;
    }

    int IndexOf(Sequence sequence)
    {
        int index = 0;
        while (running[index].Sequence != sequence) index++;
        return index;
    }

    /// <param name="Bytes">Cache memory that it may use.</param>
    readonly record struct Running(Sequence Sequence, long Bytes);
}
