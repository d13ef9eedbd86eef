using System.Globalization;

namespace Llama4.Cli.Machine;

/// <summary>Facts from the files in which Linux tells them; nothing elsewhere.</summary>
internal static class LinuxFiles
{
    public static string? FirstLine(string path) => File.Exists(path) ? File.ReadLines(path).FirstOrDefault() : null;

    /// <summary>A soft limit of this process, as /proc/self/limits names it: a number or "unlimited".</summary>
    public static string? SoftLimit(string name)
    {
        const string Table = "/proc/self/limits";
        if (!File.Exists(Table)) return null;
        string? line = File.ReadLines(Table).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
        return line?[name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0];
    }

    /// <summary>Processors the machine has online, in notation 0-3,8.</summary>
    public static int PossibleProcessors()
    {
        string? list = FirstLine("/sys/devices/system/cpu/online");
        if (string.IsNullOrEmpty(list)) return Environment.ProcessorCount;
        return list.Split(',').Sum(range =>
        {
            int[] ends = [.. range.Split('-').Select(end => int.Parse(end, CultureInfo.InvariantCulture))];
            return ends[^1] - ends[0] + 1;
        });
    }
}
