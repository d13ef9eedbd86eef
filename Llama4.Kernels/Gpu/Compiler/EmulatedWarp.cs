using ILGPU;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Compiler;

/// <summary>
/// Where there is no PTX: a lane is a thread of the system, one group runs at a time, and lanes meet once per exchange, whatever they exchange.
/// That is many times faster than ILGPU's emulated shuffles, which meet twice for each number.
/// </summary>
static class EmulatedWarp
{
    const int MostWarps = 32;

    static readonly Meeting[] meetings = [.. Enumerable.Range(0, MostWarps).Select(_ => new Meeting())];

    /// <summary>The values of all lanes. Valid until the lane's next exchange but one.</summary>
    public static T[] Exchange<T>(T value)
    {
        int warp = Group.IdxX / Lanes.Count;
        T[] values = Values<T>.Of(warp);
        values[Warp.LaneIdx] = value;
        meetings[warp].Wait();
        return values;
    }

    static class Values<T>
    {
        // Two for each warp, by turns: a lane may be in the next exchange while another still reads this one.
        static readonly T[][] all = [.. Enumerable.Range(0, 2 * MostWarps).Select(_ => new T[Lanes.Count])];

        [ThreadStatic]
        static int turn;

        public static T[] Of(int warp) => all[2 * warp + (turn ^= 1)];
    }

    /// <summary>Where the 32 threads of a warp wait for the last one.</summary>
    sealed class Meeting
    {
        int present;
        int round;

        public void Wait()
        {
            int current = Volatile.Read(ref round);
            if (Interlocked.Increment(ref present) == Lanes.Count)
            {
                Volatile.Write(ref present, 0);
                Volatile.Write(ref round, current + 1);
                return;
            }
            while (Volatile.Read(ref round) == current) Thread.Yield();
        }
    }
}
