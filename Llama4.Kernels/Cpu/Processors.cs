using System.Globalization;

namespace Llama4.Kernels.Cpu;

/// <summary>
/// How many threads compute best. Two hardware threads of a core share its arithmetic units, its caches and its share of the memory's
/// bandwidth, all of which one thread of these kernels uses up: a second one only makes every item take twice as long.
/// </summary>
static class Processors
{
    /// <summary>Cores among the processors that this process may use, and no more than its container's share of time.</summary>
    public static int Cores { get; } = OperatingSystem.IsLinux()
        ? CountCores("/sys/devices/system/cpu", "/proc/self/status", Environment.ProcessorCount)
        : Environment.ProcessorCount;

    /// <param name="folder">Has a file cpuN/topology/thread_siblings_list for each processor.</param>
    /// <param name="status">Has a line Cpus_allowed_list: of processors, as 0-3,8.</param>
    /// <param name="processors">The answer where the files do not tell; never exceeded.</param>
    internal static int CountCores(string folder, string status, int processors)
    {
        const string Line = "Cpus_allowed_list:";
        if (!File.Exists(status)) return processors;
        string? allowed = File.ReadLines(status).FirstOrDefault(line => line.StartsWith(Line, StringComparison.Ordinal));
        if (allowed is null) return processors;
        // Processors of one core have the same list.
        var cores = new HashSet<string>();
        foreach (int processor in Numbers(allowed[Line.Length..]))
        {
            string siblings = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"cpu{processor}/topology/thread_siblings_list"));
            if (!File.Exists(siblings)) return processors;
            cores.Add(File.ReadAllText(siblings).Trim());
        }
        return cores.Count == 0 ? processors : Math.Min(cores.Count, processors);
    }

    static IEnumerable<int> Numbers(string list)
    {
        foreach (string range in list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            int[] ends = [.. range.Split('-').Select(end => int.Parse(end, CultureInfo.InvariantCulture))];
            for (int number = ends[0]; number <= ends[^1]; number++) yield return number;
        }
    }
}
