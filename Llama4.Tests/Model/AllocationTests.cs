using Llama4.Core.Cache;
using Llama4.Core.Model;
using Llama4.Kernels.Cpu;
using Llama4.Tests.Kernels;

namespace Llama4.Tests.Model;

/// <summary>A step whose sizes have been seen leaves nothing for the garbage collector and asks the device for nothing.</summary>
public class AllocationTests
{
    static readonly int[] prompt = [.. Enumerable.Range(1, 20)];

    [Theory]
    [InlineData("hf", "scout")]
    [InlineData("hf", "top2")]
    [InlineData("gguf", "mini-Q4_K_M.gguf")]
    public void A_step_allocates_nothing(params string[] model)
    {
        using var run = new ModelRun(TestData.Path(model), new CpuOptions { Threads = 2 });
        AssertNothingAllocated(run, () => run.Device.AllocatedBytes);
    }

    [Fact]
    public void A_step_over_two_devices_allocates_nothing()
    {
        using SeparateDevice host = new(), accelerator = new();
        using var run = new ModelRun(TestData.Path("hf", "scout"), config => new Placement(host, accelerator, config, acceleratorLayers: 2, hostExperts: 3));
        AssertNothingAllocated(run, () => host.AllocatedBytes + accelerator.AllocatedBytes);
    }

    static void AssertNothingAllocated(ModelRun run, Func<long> onDevice)
    {
        using KvSequence first = run.NewSequence(), second = run.NewSequence(), third = run.NewSequence();
        var logits = new float[3 * run.Config.Vocabulary];
        // The first round sees the sizes. All stay inside a page of the cache.
        long before = 0, after = 0;
        Round();
        Allocations.AssertNone(Round);
        Assert.Equal(before, after);

        void Round()
        {
            before = onDevice();
            run.Step(logits, (first, prompt), (second, prompt.AsMemory(0, 7)));
            run.Step(logits, (first, prompt.AsMemory(0, 1)), (second, prompt.AsMemory(1, 1)), (third, prompt));
            for (int i = 0; i < 3; i++)
                run.Step(logits, (first, prompt.AsMemory(i, 1)), (second, prompt.AsMemory(i + 1, 1)), (third, prompt.AsMemory(i + 2, 1)));
            after = onDevice();
            first.Truncate(0);
            second.Truncate(0);
            third.Truncate(0);
        }
    }
}
