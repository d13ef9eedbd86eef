using Llama4.Core;
using Llama4.Core.Cache;
using Llama4.Core.Generation;
using Llama4.Core.Model;
using Llama4.Kernels;
using Llama4.Kernels.Cpu;

namespace Llama4.Tests.Generation;

/// <summary>U39: memory follows the request, not the model's maximum.</summary>
public sealed class MemoryTests
{
    /// <summary>The published shapes (specification, section 1).</summary>
    static readonly TextConfig scout = new()
    {
        Vocabulary = 202_048,
        Width = 5120,
        Layers = 48,
        Heads = 40,
        KvHeads = 8,
        HeadDim = 128,
        ExpertWidth = 8192,
        Experts = 16,
        IsMoe = [.. Enumerable.Repeat(true, 48)],
        UsesRope = [.. Enumerable.Range(1, 48).Select(i => i % 4 != 0)],
        MaxContext = 10_485_760,
    };

    [Theory]
    [InlineData(16L << 30, 1)]
    [InlineData(2L << 30, 1)]
    [InlineData(1L << 20, 0)]
    [InlineData(1L << 40, 2)]
    public void The_default_context_is_the_longest_that_fits(long bytes, int kind)
    {
        using var device = new CpuDevice(new CpuOptions { Threads = 1 });
        using var cache = new KvCache(device, scout, Encoding.BF16);
        int context = MemoryBudget.Context(cache, [long.MaxValue], bytes, scout.MaxContext);
        Assert.True(cache.BytesFor(context) <= bytes);
        Assert.True(context == scout.MaxContext || cache.BytesFor(context + 1) > bytes);
        Assert.Equal(kind, context == scout.MaxContext ? 2 : context > 0 ? 1 : 0);
        Assert.Equal(0, device.AllocatedBytes);
    }

    [Fact]
    public async Task The_cache_grows_with_use()
    {
        await using Llama llama = await Llama.LoadAsync(cancel: DemoModel.Cancel);
        long before = llama.AllocatedBytes;
        await llama.ChatAsync("Who are you?", new GenerationOptions { MaxTokens = 5 }, DemoModel.Cancel).WholeAsync();
        long small = llama.AllocatedBytes - before;
        await llama.CompleteAsync([.. Enumerable.Repeat(70, 1500)], new GenerationOptions { MaxTokens = 5 }, DemoModel.Cancel).WholeAsync();
        long large = llama.AllocatedBytes - before;
        Assert.InRange(small, 1, 8 << 20);
        Assert.InRange(large - small, 1, 8 << 20);
        Assert.True(llama.CacheBytes > 64 << 20);
    }
}
