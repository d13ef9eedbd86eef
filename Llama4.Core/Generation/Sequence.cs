using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Llama4.Core.Cache;
using Llama4.Core.Sampling;
using Llama4.Core.Tokenization;
using Llama4.Kernels;

namespace Llama4.Core.Generation;

/// <summary>A request being answered: its ids, cache, sampler and text. Touched by the step thread only.</summary>
internal sealed class Sequence : IDisposable
{
    readonly Request request;
    readonly Llama4Tokenizer tokenizer;
    readonly IReadOnlySet<int> endTokens;
    readonly Sampler sampler;
    readonly List<int> ids;
    readonly StreamDecoder decoder;
    readonly StopMatcher stops;
    readonly StringBuilder text = new();
    readonly long start = Stopwatch.GetTimestamp();
    readonly int cachedTokens;
    long firstToken;
    int patches;

    public Sequence(Request request, KvSequence cache, Llama4Tokenizer tokenizer, IReadOnlySet<int> endTokens, int vocabulary, int context)
    {
        this.request = request;
        this.tokenizer = tokenizer;
        this.endTokens = endTokens;
        Cache = cache;
        cachedTokens = cache.Length;
        ids = [.. request.Prompt.Ids];
        patches = request.Prompt.PatchesBefore(cache.Length);
        EncodedTiles = request.Prompt.TilesBefore(cache.Length);
        int rest = context - ids.Count;
        MostLength = ids.Count + Math.Min(request.MaxTokens ?? rest, rest);
        sampler = new Sampler(request.Sampling, vocabulary);
        sampler.AddPrompt(request.Prompt.Ids);
        decoder = new StreamDecoder(tokenizer);
        stops = new StopMatcher(request.Stop);
    }

    public Request Request => request;

    public KvSequence Cache { get; }

    /// <summary>Prompt and answer so far.</summary>
    public int Length => ids.Count;

    /// <summary>The answer ends at this length.</summary>
    public int MostLength { get; }

    /// <summary>The ids that the model has not seen yet: what is left of the prompt, or the last token.</summary>
    public ReadOnlySpan<int> Pending => CollectionsMarshal.AsSpan(ids)[Cache.Length..];

    /// <summary>The ids of prompt and answer that the cache holds.</summary>
    public ReadOnlySpan<int> Cached => CollectionsMarshal.AsSpan(ids)[..Cache.Length];

    /// <summary>F32 [patches of all images, D], once images have been encoded; freed when the prompt has been read.</summary>
    public Tensor? Features { get; set; }

    /// <summary>Tiles done so far, over all images; those that the cache holds need no encoding.</summary>
    public int EncodedTiles { get; set; }

    public bool HasImagesToEncode => EncodedTiles < request.Prompt.Tiles;

    /// <summary>Features for the image patches among the next <paramref name="rows"/> pending ids; null where there are none.</summary>
    public Tensor? TakeFeatures(int rows, int patchToken)
    {
        if (Features is null) return null;
        int count = Pending[..rows].Count(patchToken), first = patches;
        patches += count;
        return count == 0 ? null : Features.Value.RowRange(first, count);
    }

    /// <summary>How a device may choose the next token; null where it takes the logits.</summary>
    public DrawRule? Rule => sampler.Rule(ids.Count);

    /// <summary>Chooses the next token from its logits and tells the caller.</summary>
    /// <param name="canGrow">Whether the cache has memory for that token.</param>
    /// <returns>Whether the answer goes on.</returns>
    public bool Accept(Span<float> logits, SamplerScratch scratch, bool canGrow) => Accept(sampler.Next(logits, ids.Count, scratch), canGrow);

    /// <summary>The same with the token that a device drew by <see cref="Rule"/>.</summary>
    public bool Accept(int drawn, bool canGrow)
    {
        if (drawn < 0)
            throw new NumericFaultException("the model gave a logit that is not a finite number: its weights are damaged or their format is not understood");
        return Accept(new SampledToken(drawn, null, null), canGrow);
    }

    bool Accept(SampledToken token, bool canGrow)
    {
        if (firstToken == 0) FreeFeatures();
        if (firstToken == 0) firstToken = Stopwatch.GetTimestamp();
        int shown = text.Length;
        ids.Add(token.Id);
        FinishReason? end = null;
        if (endTokens.Contains(token.Id)) end = FinishReason.Stop;
        else
        {
            // A model may have more ids than its tokenizer has tokens; those have no text.
            if (token.Id < tokenizer.VocabularySize) stops.Append(decoder.Append(token.Id), text);
            if (stops.Found is not null) end = FinishReason.Stop;
            else if (ids.Count >= MostLength || !canGrow) end = FinishReason.Length;
        }
        if (end is not null) FinishText();
        string added = text.ToString(shown, text.Length - shown);
        request.Write(new Piece(added, token.Id, token.LogProb, token.Top, end is null ? null : Complete(end.Value)));
        return end is null;
    }

    /// <summary>Gives up everything but the cache, which may serve another request.</summary>
    public void Release() => FreeFeatures();

    public void Dispose()
    {
        Release();
        Cache.Dispose();
    }

    void FinishText()
    {
        stops.Append(decoder.Flush(), text);
        stops.Flush(text);
    }

    Completion Complete(FinishReason reason)
    {
        int prompt = request.Prompt.Ids.Length, answer = ids.Count - prompt;
        bool ended = endTokens.Contains(ids[^1]);
        return new Completion
        {
            Text = text.ToString(),
            FinishReason = reason,
            StopString = stops.Found,
            Tokens = ids.GetRange(prompt, answer - (ended ? 1 : 0)),
            PromptTokens = prompt,
            CachedTokens = cachedTokens,
            CompletionTokens = answer,
            Seed = request.Sampling.Seed,
            QueueTime = Stopwatch.GetElapsedTime(request.Arrival, start),
            PrefillTime = Stopwatch.GetElapsedTime(start, firstToken),
            DecodeTime = Stopwatch.GetElapsedTime(firstToken),
        };
    }

    void FreeFeatures()
    {
        Features?.Buffer.Dispose();
        Features = null;
    }
}
