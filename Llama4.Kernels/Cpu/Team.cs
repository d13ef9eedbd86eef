using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace Llama4.Kernels.Cpu;

/// <summary>
/// Persistent threads that share the items of one job at a time. Helpers spin for a moment after a job and then sleep;
/// the calling thread takes part as worker 0 and never waits for a helper that has not joined.
/// </summary>
/// <remarks>
/// The word <c>job</c> holds a running number and how many workers the open job wants, 0 when none is open. A helper that is wanted
/// sets its Joined flag, then reads the word again; the caller closes the job, then reads the flags. With a full fence between the two
/// steps on both sides, either the helper sees the job closed or the caller sees the flag and waits. Sleepers are woken along a binary tree.
/// </remarks>
sealed unsafe class Team : IDisposable
{
    public const int MaxThreads = 1024;

    const int WantedBits = 12;
    const int SpinMicroseconds = 50;

    [ThreadStatic] static bool insideJob;

    readonly Helper[] helpers;
    readonly Lock gate = new();
    readonly bool crowded;
    delegate*<Team, void*, int, void> run;
    void* work;
    int items;
    PaddedLong job;
    PaddedLong next;
    volatile bool stopping;
    Exception? failure;

    public Team(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(threads, MaxThreads);
        Threads = threads;
        crowded = threads > Environment.ProcessorCount;
        helpers = new Helper[threads - 1];
        for (int i = 0; i < helpers.Length; i++) helpers[i] = new Helper(this, i + 1);
        try
        {
            foreach (Helper helper in helpers) helper.Start();
        }
        catch
        {
            Dispose(); // The system refuses another thread: end those that run.
            throw;
        }
    }

    public int Threads { get; }

    /// <summary>
    /// Runs all items and returns when they are done. Callers on several threads take turns.
    /// What an item throws reaches the caller; the items not yet begun are then dropped.
    /// </summary>
    /// <param name="work">Shared by all workers; not changed by them.</param>
    /// <param name="count">Number of items.</param>
    /// <param name="alone">Runs everything on the calling thread: for work smaller than a hand-over.</param>
    /// <exception cref="InvalidOperationException">Called from inside an item.</exception>
    public void For<TWork>(in TWork work, int count, bool alone = false)
        where TWork : struct, IWork
    {
        if (insideJob) throw new InvalidOperationException("an item of a job cannot start another job");
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(stopping, this);
            insideJob = true;
            try
            {
                if (alone || count <= 1 || helpers.Length == 0)
                    for (int item = 0; item < count; item++) Unsafe.AsRef(in work).Run(item, 0);
                else
                    Share(work, count);
            }
            finally
            {
                insideJob = false;
            }
        }
    }

    /// <summary>Ends the threads. Waits for the job of another thread to end.</summary>
    public void Dispose()
    {
        if (insideJob) throw new InvalidOperationException("an item of a job cannot end the threads that run it");
        lock (gate)
        {
            if (stopping) return;
            stopping = true;
            Interlocked.MemoryBarrier();
            foreach (Helper helper in helpers) helper.Wake();
        }
        foreach (Helper helper in helpers) helper.Dispose();
    }

    // The copy stays on this frame until every helper that joined has left, so helpers may read it by address.
    void Share<TWork>(TWork copy, int count)
        where TWork : struct, IWork
    {
        int wanted = Math.Min(Threads, count);
        run = &RunItems<TWork>;
        work = Unsafe.AsPointer(ref copy);
        items = count;
        next.Value = 0;
        long number = (job.Value >> WantedBits) + 1;
        Interlocked.Exchange(ref job.Value, number << WantedBits | (uint)wanted);
        WakeChildren(0, wanted);
        RunItems<TWork>(this, work, 0);
        Interlocked.Exchange(ref job.Value, number << WantedBits);
        for (int worker = 1; worker < wanted; worker++) helpers[worker - 1].WaitUntilLeft();
        if (failure is null) return;
        Exception thrown = failure;
        failure = null;
        ExceptionDispatchInfo.Throw(thrown);
    }

    static void RunItems<TWork>(Team team, void* work, int worker)
        where TWork : struct, IWork
    {
        ref TWork shared = ref Unsafe.AsRef<TWork>(work);
        int count = team.items;
        try
        {
            for (long item; (item = Interlocked.Increment(ref team.next.Value) - 1) < count;)
                shared.Run((int)item, worker);
        }
        catch (Exception e)
        {
            // Kept for the caller, which throws it when all have left.
            Interlocked.CompareExchange(ref team.failure, e, null);
            Interlocked.Exchange(ref team.next.Value, int.MaxValue);
        }
    }

    void WakeChildren(int worker, int wanted)
    {
        for (int child = 2 * worker + 1; child <= 2 * worker + 2 && child < wanted; child++)
            helpers[child - 1].Wake();
    }

    /// <summary>One thread of the team beside the calling one.</summary>
    sealed class Helper(Team team, int worker) : IDisposable
    {
        readonly AutoResetEvent signal = new(false);
        PaddedLong joined;
        PaddedLong asleep;
        Thread? thread;

        public void Start()
        {
            var started = new Thread(Help) { IsBackground = true, Name = $"compute {worker}" };
            started.Start();
            thread = started;
        }

        public void Wake()
        {
            if (Volatile.Read(ref asleep.Value) != 0 && Interlocked.Exchange(ref asleep.Value, 0) != 0) signal.Set();
        }

        public void WaitUntilLeft()
        {
            for (int turn = 0; Volatile.Read(ref joined.Value) != 0; turn++)
            {
                // Gives the processor away once the wait is longer than a hand-over: the helper waited for may need it.
                if (turn < 100) Thread.SpinWait(1);
                else Thread.Yield();
            }
        }

        public void Dispose()
        {
            thread?.Join();
            signal.Dispose();
        }

        bool IsWanted(long word) => worker < (word & ((1 << WantedBits) - 1));

        void Help()
        {
            insideJob = true;
            long seen = 0;
            while (WaitForJob(seen))
            {
                Interlocked.Exchange(ref joined.Value, 1);
                long word = Volatile.Read(ref team.job.Value);
                if (IsWanted(word) && word != seen)
                {
                    seen = word;
                    team.WakeChildren(worker, (int)(word & ((1 << WantedBits) - 1)));
                    team.run(team, team.work, worker);
                }
                Volatile.Write(ref joined.Value, 0);
            }
        }

        /// <summary>Returns when a job other than <paramref name="seen"/> wants this helper; false when the team stops.</summary>
        bool WaitForJob(long seen)
        {
            long start = Stopwatch.GetTimestamp();
            for (int turn = 1; ; turn++)
            {
                if (team.stopping) return false;
                if (IsNews(seen)) return true;
                if (team.crowded || (turn % 16 == 0 && Stopwatch.GetElapsedTime(start).TotalMicroseconds > SpinMicroseconds))
                    Sleep(seen);
                else
                    Thread.SpinWait(1);
            }
        }

        bool IsNews(long seen)
        {
            long word = Volatile.Read(ref team.job.Value);
            return IsWanted(word) && word != seen;
        }

        void Sleep(long seen)
        {
            Interlocked.Exchange(ref asleep.Value, 1);
            // Whoever takes the flag back decides: a waker, who then signals, or this thread, which then stays awake.
            if ((team.stopping || IsNews(seen)) && Interlocked.Exchange(ref asleep.Value, 0) != 0) return;
            signal.WaitOne();
        }
    }
}
