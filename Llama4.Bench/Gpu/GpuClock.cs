using System.Diagnostics;
using Llama4.Kernels;
using Llama4.Kernels.Gpu;

namespace Llama4.Bench.Gpu;

/// <summary>Times work on a device: recorded, so that what is measured are the kernels and hardly the host.</summary>
sealed class GpuClock(GpuDevice device, double secondsPerCase)
{
    const int Rounds = 5;

    /// <summary>Seconds of one run of the work, the median of several rounds.</summary>
    public double Recorded(Action work)
    {
        // Once as it is: kernels are loaded and memory is found.
        work();
        using Recording recording = device.Record(work);
        return Eager(recording.Run);
    }

    /// <summary>The same, launch by launch.</summary>
    public double Eager(Action work)
    {
        Time(work, 1);
        double once = Time(work, 1);
        int runs = (int)Math.Clamp(secondsPerCase / Rounds / once, 1, 10_000);
        return Enumerable.Range(0, Rounds).Select(_ => Time(work, runs) / runs).Order().ElementAt(Rounds / 2);
    }

    double Time(Action work, int runs)
    {
        device.Finish();
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < runs; i++) work();
        device.Finish();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
