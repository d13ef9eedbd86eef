using System.Diagnostics;
using Llama4.Kernels.Cpu;

namespace Llama4.Bench.Cpu;

/// <summary>What it costs to give a job to threads that are awake, and to wait for them.</summary>
static class HandOver
{
    /// <summary>Each thread waits for all others, so that none does the others' items.</summary>
    readonly struct Meeting(int[] arrived, int expected) : IWork
    {
        public void Run(int item, int worker)
        {
            Interlocked.Increment(ref arrived[0]);
            while (Volatile.Read(ref arrived[0]) < expected) Thread.SpinWait(1);
        }
    }

    /// <summary>Microseconds of a job in which all threads meet; the median of many runs of many jobs.</summary>
    public static double Microseconds(int threads)
    {
        const int Runs = 101, Jobs = 1000;
        using var team = new Team(threads);
        var arrived = new int[1];
        var times = new double[Runs];
        for (int run = 0; run < Runs; run++)
        {
            arrived[0] = 0;
            long start = Stopwatch.GetTimestamp();
            for (int job = 1; job <= Jobs; job++) team.For(new Meeting(arrived, job * threads), threads);
            times[run] = Stopwatch.GetElapsedTime(start).TotalMicroseconds / Jobs;
        }
        return times.Order().ElementAt(Runs / 2);
    }
}
