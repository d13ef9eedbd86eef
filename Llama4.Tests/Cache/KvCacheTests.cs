using Llama4.Core;
using Llama4.Core.Cache;
using Llama4.Core.Model;
using Llama4.Kernels;
using Llama4.Kernels.Cpu;
using Llama4.Tests.Model;

namespace Llama4.Tests.Cache;

public class KvCacheTests
{
    static readonly TextConfig scout = TinyConfig.Text with
    {
        Layers = 48,
        Heads = 40,
        KvHeads = 8,
        HeadDim = 128,
        ChunkLength = 8192,
        IsMoe = Enumerable.Repeat(true, 48).ToArray(),
        UsesRope = Enumerable.Range(0, 48).Select(i => i % 4 != 3).ToArray(),
    };

    /// <summary>Specification, section 8: KV bytes of Scout in bfloat16, aware of chunks.</summary>
    [Theory]
    [InlineData(8_192, 1.5)]
    [InlineData(131_072, 7.125)]
    [InlineData(1_048_576, 49.125)]
    [InlineData(10_485_760, 481.125)]
    public void Scout_needs_the_specified_memory(long length, double gib)
    {
        using var device = new CpuDevice();
        using var cache = new KvCache(device, scout, Encoding.BF16);
        Assert.Equal((long)(gib * (1L << 30)), cache.BytesFor(length));
        Assert.Equal(0, cache.AllocatedBytes);
    }

    [Fact]
    public void Memory_follows_the_length_and_is_used_again()
    {
        using var device = new CpuDevice();
        using var cache = new KvCache(device, TinyConfig.Text, Encoding.F32);
        KvSequence first = cache.NewSequence();
        first.Extend(1000);
        Assert.Equal(16, first.Pages(0, isChunked: false).Count);
        Assert.Single(first.Pages(0, isChunked: true));
        long after = cache.AllocatedBytes;
        first.Dispose();
        using KvSequence second = cache.NewSequence();
        second.Extend(1000);
        Assert.Equal(after, cache.AllocatedBytes);
        Assert.Equal(cache.BytesFor(1000), cache.UsedBytes);
    }

    [Theory]
    [InlineData(20, 19, 19)]
    [InlineData(20, 16, 16)]
    [InlineData(20, 15, 8)]
    [InlineData(20, 3, 0)]
    [InlineData(16, 15, 15)]
    [InlineData(16, 8, 8)]
    [InlineData(20, 40, 20)]
    public void A_cut_into_an_earlier_chunk_goes_back_to_its_start(int length, int cut, int kept)
    {
        using var device = new CpuDevice();
        using var cache = new KvCache(device, TinyConfig.Text, Encoding.F32);
        using KvSequence sequence = cache.NewSequence();
        sequence.Extend(length);
        Assert.Equal(kept, sequence.Truncate(cut));
        Assert.Equal(kept, sequence.Length);
    }

    [Fact]
    public void Segments_end_at_chunk_borders()
    {
        using var device = new CpuDevice();
        using var cache = new KvCache(device, TinyConfig.Text, Encoding.F32);
        Assert.Equal(8, cache.LongestSegment(0, 100));
        Assert.Equal(1, cache.LongestSegment(7, 100));
        Assert.Equal(3, cache.LongestSegment(8, 3));
        using KvSequence sequence = cache.NewSequence();
        using var batch = new StepBatch(cache, 16, 2, 2);
        batch.Add(sequence, new int[6], 1);
        Assert.Throws<ArgumentException>(() => batch.Add(sequence, new int[3], 1));
    }

    [Theory]
    [InlineData(Encoding.Q4_K)]
    [InlineData(Encoding.Q8_0)]
    public void Unfit_encodings_are_refused(Encoding encoding)
    {
        using var device = new CpuDevice();
        Assert.Throws<InvalidRequestException>(() => new KvCache(device, TinyConfig.Text, encoding));
    }
}
