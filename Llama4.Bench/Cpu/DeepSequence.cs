using System.Runtime.InteropServices;
using Llama4.Core.Cache;

namespace Llama4.Bench.Cpu;

/// <summary>
/// One sequence that is brought to one depth after another. Its first <see cref="Computed"/> positions are a prompt that went through the
/// model; behind them their keys and values are repeated, because what a step reads and does depends on the number of positions and not
/// on what stands in them, and a prompt of 32,768 tokens takes many minutes.
/// </summary>
/// <param name="feed">Makes a sequence longer by so many tokens.</param>
sealed class DeepSequence(KvCache cache, Action<KvSequence, int> feed) : IDisposable
{
    public const int Computed = 16 * KvCache.PageRows;

    readonly KvSequence sequence = cache.NewSequence();

    /// <summary>The sequence with <paramref name="depth"/> positions: those it has, as far as they can be kept, and more.</summary>
    public KvSequence At(int depth)
    {
        sequence.Truncate(depth);
        int prompt = Math.Min(depth, Computed);
        if (sequence.Length < prompt) feed(sequence, prompt - sequence.Length);
        if (sequence.Length < depth) Repeat(depth);
        return sequence;
    }

    public void Dispose() => sequence.Dispose();

    void Repeat(int depth)
    {
        sequence.Extend(depth - sequence.Length);
        for (int part = 0; part < cache.Parts.Count; part++)
            foreach (bool isChunked in new[] { false, true })
                Repeat(sequence.Pages(part, isChunked), new byte[cache.Parts[part].Pool(isChunked).PageBytes]);
    }

    static void Repeat(List<long> pages, byte[] page)
    {
        for (int i = Computed / KvCache.PageRows; i < pages.Count; i++)
        {
            Marshal.Copy((nint)pages[i % (Computed / KvCache.PageRows)], page, 0, page.Length);
            Marshal.Copy(page, 0, (nint)pages[i], page.Length);
        }
    }
}
