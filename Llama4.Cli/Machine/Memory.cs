using System.Globalization;

namespace Llama4.Cli.Machine;

/// <summary>The machine's memory, within the limits set for this process.</summary>
internal static class Memory
{
    /// <summary>Bytes there are.</summary>
    public static long Total => GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <summary>
    /// Bytes that can be had without pushing others out. Linux says it, less what a container's limit leaves; elsewhere the total less
    /// the runtime's estimate of the load.
    /// </summary>
    public static long Available
    {
        get
        {
            if (OperatingSystem.IsLinux() && Field("/proc/meminfo", "MemAvailable:") is long kibibytes)
                return Math.Min(kibibytes * 1024, ContainerLeft() ?? long.MaxValue);
            GCMemoryInfo info = GC.GetGCMemoryInfo();
            return Math.Max(0, info.TotalAvailableMemoryBytes - info.MemoryLoadBytes);
        }
    }

    /// <summary>What a cgroup limit leaves; null without one. Version 2 first, then 1.</summary>
    static long? ContainerLeft() =>
        Left("/sys/fs/cgroup", "memory.max", "memory.current", "inactive_file")
        ?? Left("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file");

    static long? Left(string folder, string limitFile, string usageFile, string cacheField)
    {
        if (Number($"{folder}/{limitFile}") is not long limit || Number($"{folder}/{usageFile}") is not long usage) return null;
        // Pages of files that were read and can be dropped count as usage.
        long cache = Field($"{folder}/memory.stat", cacheField) ?? 0;
        return Math.Max(0, limit - usage + cache);
    }

    static long? Number(string file) =>
        File.Exists(file) && long.TryParse(File.ReadAllText(file), NumberStyles.Integer, CultureInfo.InvariantCulture, out long number) ? number : null;

    static long? Field(string file, string name)
    {
        if (!File.Exists(file)) return null;
        foreach (string line in File.ReadLines(file))
        {
            string[] words = line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            if (words.Length > 1 && words[0] == name) return long.Parse(words[1], CultureInfo.InvariantCulture);
        }
        return null;
    }
}
