using Llama4.Kernels.Cpu;
using Llama4.Tests.Formats;

namespace Llama4.Tests.Kernels;

/// <summary>The default number of threads, from a copy of what Linux tells of its processors.</summary>
public sealed class ProcessorsTests : IDisposable
{
    readonly TempFolder folder = new();

    [Theory]
    [InlineData("0,4 1,5 2,6 3,7 0,4 1,5 2,6 3,7", "0-7", 8, 4)]     // two threads per core
    [InlineData("0,4 1,5 2,6 3,7 0,4 1,5 2,6 3,7", "0-1,4", 3, 2)]   // pinned to one core and half of another
    [InlineData("0,4 1,5 2,6 3,7 0,4 1,5 2,6 3,7", "0-7", 3, 3)]     // a container's share of time
    [InlineData("0 1", "0-1", 2, 2)]                                 // one thread per core
    [InlineData("0 1", "0-3", 4, 4)]                                 // not all are described
    [InlineData("", "", 6, 6)]
    public void Cores_are_counted_among_the_allowed_processors(string siblings, string allowed, int processors, int expected)
    {
        string[] lists = siblings.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        for (int i = 0; i < lists.Length; i++)
        {
            string topology = folder[$"cpu{i}/topology"];
            Directory.CreateDirectory(topology);
            File.WriteAllText(Path.Combine(topology, "thread_siblings_list"), lists[i] + "\n");
        }
        File.WriteAllText(folder["status"], $"Name:\tsomething\nCpus_allowed:\tff\nCpus_allowed_list:\t{allowed}\n");
        Assert.Equal(expected, Processors.CountCores(folder.Root, folder["status"], processors));
    }

    [Fact]
    public void Without_the_files_every_processor_counts() =>
        Assert.Equal(5, Processors.CountCores(folder["none"], folder["none"], 5));

    public void Dispose() => folder.Dispose();
}
