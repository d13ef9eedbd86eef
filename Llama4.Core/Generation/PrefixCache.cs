using Llama4.Core.Cache;

namespace Llama4.Core.Generation;

/// <summary>
/// The caches of requests that have ended, oldest first. A prompt that begins as one of them did (the next turn of a conversation) goes on
/// from there. They are the first to go when memory is wanted.
/// </summary>
internal sealed class PrefixCache(KvCache cache, int most) : IDisposable
{
    readonly List<Entry> entries = [];

    /// <summary>Bytes of the caches kept.</summary>
    public long Bytes { get; private set; }

    /// <summary>The cache that spares the prompt the most work.</summary>
    public Entry? Find(Prompt prompt)
    {
        Entry? best = null;
        int bestCommon = 0;
        foreach (Entry entry in entries)
        {
            int common = Common(entry, prompt);
            // One that would lose more than it gives belongs to another conversation.
            if (common <= bestCommon || 2 * common < entry.Ids.Length) continue;
            best = entry;
            bestCommon = common;
        }
        return best;
    }

    /// <summary>A cache whose content is a start of the prompt: that of the entry, cut to what both share, or an empty one.</summary>
    public KvSequence Take(Entry? entry, Prompt prompt)
    {
        if (entry is null) return cache.NewSequence();
        Remove(entry);
        entry.Cache.Truncate(Common(entry, prompt));
        return entry.Cache;
    }

    /// <summary>Keeps the cache of a sequence that has ended.</summary>
    public void Keep(Sequence sequence)
    {
        sequence.Release();
        long bytes = cache.BytesFor(sequence.Cache.Length);
        var entry = new Entry(sequence.Cached.ToArray(), sequence.Request.Prompt.Images, sequence.Cache, bytes);
        entries.Add(entry);
        Bytes += entry.Bytes;
        if (entries.Count > most) DropOldest();
    }

    public void DropOldest(Entry? except = null)
    {
        Entry oldest = entries[0] == except ? entries[1] : entries[0];
        Remove(oldest);
        oldest.Cache.Dispose();
    }

    public void Dispose()
    {
        while (entries.Count > 0) DropOldest();
    }

    /// <summary>Ids that both share; at least one of the prompt is left, whose logits are wanted.</summary>
    static int Common(Entry entry, Prompt prompt) => Math.Min(prompt.CommonLength(entry.Ids, entry.Images), prompt.Ids.Length - 1);

    void Remove(Entry entry)
    {
        entries.Remove(entry);
        Bytes -= entry.Bytes;
    }

    /// <summary>An ended request.</summary>
    internal sealed class Entry(int[] ids, IReadOnlyList<PromptImage> images, KvSequence cache, long bytes)
    {
        /// <summary>What the cache holds.</summary>
        public int[] Ids => ids;

        public IReadOnlyList<PromptImage> Images => images;

        public KvSequence Cache => cache;

        public long Bytes => bytes;
    }
}
