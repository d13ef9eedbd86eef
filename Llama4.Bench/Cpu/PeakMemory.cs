using System.Diagnostics;
using System.Globalization;

namespace Llama4.Bench.Cpu;

/// <summary>The most memory that this process had in use, without what measuring the machine takes.</summary>
sealed class PeakMemory
{
    // Linux: writing 5 sets the high-water mark to what is resident now.
    const string Reset = "/proc/self/clear_refs", Status = "/proc/self/status";

    long peak;

    /// <summary>Resident bytes, pages of the mapped file included. Where the mark cannot be reset, those of the measurements count as well.</summary>
    public long Bytes => Math.Max(peak, HighWater());

    /// <summary>Runs a measurement whose own memory does not count.</summary>
    public T Aside<T>(Func<T> measure)
    {
        peak = Bytes;
        T result = measure();
        if (!File.Exists(Reset)) return result;
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        File.WriteAllText(Reset, "5");
        return result;
    }

    static long HighWater()
    {
        const string Line = "VmHWM:";
        if (!File.Exists(Reset))
        {
            using Process self = Process.GetCurrentProcess();
            return self.PeakWorkingSet64;
        }
        string kilobytes = File.ReadLines(Status).First(line => line.StartsWith(Line, StringComparison.Ordinal))[Line.Length..];
        return 1024 * long.Parse(kilobytes.Replace("kB", "", StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture);
    }
}
