using Llama4.Core.Cache;
using Llama4.Kernels.Gpu;
using Llama4.Tests.Gpu;

namespace Llama4.Tests.Model;

/// <summary>Steps of answers on CUDA's host side, with a driver that runs nothing: which launches there are, and what a step costs the host.</summary>
public sealed class RecordedStepTests : IDisposable
{
    readonly FakeCuda driver = new();

    public void Dispose() => driver.Dispose();

    [Fact]
    public void From_the_second_step_of_a_shape_on_there_is_one_launch() => Emulated.Check(Steps, driver.Environment());

    static void Steps()
    {
        using GpuDevice device = GpuDevice.OpenCuda();
        using var run = new ModelRun(TestData.Path("hf", "scout"), device, maxRows: 512, maxSequences: 3);
        KvSequence[] sequences = [.. Enumerable.Range(0, 3).Select(_ => run.NewSequence())];
        run.Logits([1, 2, 3], sequence: sequences[0]);
        string[] first = Step(1);
        Assert.NotEmpty(first);
        Assert.All(first, line => Assert.StartsWith("grid", line));
        string[] graph = [.. first.Select(line => "graph " + line)];
        for (int i = 0; i < 3; i++) Assert.Equal(graph, Step(1));
        // Another number of sequences is another shape; the first is still known.
        Assert.All(Step(3), line => Assert.StartsWith("grid", line));
        Assert.All(Step(3), line => Assert.StartsWith("graph", line));
        Assert.Equal(graph, Step(1));
        // A table of pages that has grown is elsewhere.
        run.Logits([.. Enumerable.Repeat(5, 64 * 17)], sequence: sequences[0]);
        Assert.All(Step(1), line => Assert.StartsWith("grid", line));
        Assert.All(Step(1), line => Assert.StartsWith("graph", line));

        string[] Step(int count)
        {
            int before = File.ReadAllLines(FakeCuda.LaunchFile).Length;
            run.Step([.. sequences.Take(count).Select(sequence => (sequence, new[] { 7 }))]);
            return File.ReadAllLines(FakeCuda.LaunchFile)[before..];
        }
    }

    [Fact]
    public void A_recorded_step_allocates_nothing() => Emulated.Check(Cost, driver.Environment());

    static void Cost()
    {
        using GpuDevice device = GpuDevice.OpenCuda();
        using var run = new ModelRun(TestData.Path("hf", "scout"), device, maxRows: 8, maxSequences: 1);
        using KvSequence sequence = run.NewSequence();
        var logits = new float[run.Config.Vocabulary];
        ReadOnlyMemory<int> ids = new[] { 7 };
        for (int i = 0; i < 3; i++) run.Step(logits, (sequence, ids));
        long onDevice = device.AllocatedBytes;
        Allocations.AssertNone(() =>
        {
            for (int i = 0; i < 10; i++) run.Step(logits, (sequence, ids));
        });
        Assert.Equal(onDevice, device.AllocatedBytes);
    }
}
