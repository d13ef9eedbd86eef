using System.Diagnostics;
using Llama4.Kernels.Cpu;

namespace Llama4.Tests.Kernels;

public sealed class TeamTests
{
    readonly struct Count(int[] runs, int[] busy) : IWork
    {
        public void Run(int item, int worker)
        {
            if (Interlocked.Exchange(ref busy[worker], 1) != 0) throw new InvalidOperationException($"two threads are worker {worker}");
            Interlocked.Increment(ref runs[item]);
            Volatile.Write(ref busy[worker], 0);
        }
    }

    readonly struct Fail(int at, int[] runs) : IWork
    {
        public void Run(int item, int worker)
        {
            Interlocked.Increment(ref runs[item]);
            if (item == at) throw new FormatException($"item {item}");
        }
    }

    readonly struct Nested(Team team) : IWork
    {
        public void Run(int item, int worker) => team.For(this, 2);
    }

    readonly struct Sleepy(int milliseconds) : IWork
    {
        public void Run(int item, int worker) => Thread.Sleep(milliseconds);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(8)]
    [InlineData(64)]
    public void Every_item_runs_once(int threads)
    {
        using var team = new Team(threads);
        var busy = new int[threads];
        foreach (int items in (int[])[0, 1, 2, 3, 7, 64, 65, 1000])
            for (int round = 0; round < 20; round++)
            {
                var runs = new int[items];
                team.For(new Count(runs, busy), items);
                Assert.All(runs, run => Assert.Equal(1, run));
            }
    }

    [Fact]
    public void Many_short_jobs_on_more_threads_than_processors_do_not_crawl()
    {
        var clock = Stopwatch.StartNew();
        using var team = new Team(64);
        var runs = new int[64];
        var busy = new int[64];
        for (int round = 0; round < 1000; round++) team.For(new Count(runs, busy), runs.Length);
        Assert.All(runs, run => Assert.Equal(1000, run));
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(60), $"{clock.Elapsed}");
    }

    [Fact]
    public void Helpers_wake_up_after_a_pause()
    {
        using var team = new Team(4);
        for (int round = 0; round < 5; round++)
        {
            Thread.Sleep(20);
            var workers = new int[4];
            team.For(new Meeting(workers, 4), 4);
            Assert.Equal(4, workers.Sum());
        }
    }

    /// <summary>Ends only when this many workers are inside at once.</summary>
    readonly struct Meeting(int[] present, int wanted) : IWork
    {
        public void Run(int item, int worker)
        {
            Volatile.Write(ref present[worker], 1);
            var clock = Stopwatch.StartNew();
            while (Volatile.Read(ref present[0]) + present.Skip(1).Sum() < wanted && clock.Elapsed.TotalSeconds < 30) Thread.Yield();
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void An_exception_reaches_the_caller_and_the_team_goes_on(int threads)
    {
        using var team = new Team(threads);
        for (int at = 0; at < 40; at += 13)
        {
            var runs = new int[40];
            var error = Assert.Throws<FormatException>(() => team.For(new Fail(at, runs), 40));
            Assert.Equal($"item {at}", error.Message);
            Assert.All(runs, run => Assert.InRange(run, 0, 1));
            var after = new int[10];
            team.For(new Count(after, new int[threads]), 10);
            Assert.All(after, run => Assert.Equal(1, run));
        }
    }

    [Fact]
    public void Callers_on_several_threads_take_turns()
    {
        using var team = new Team(3);
        var busy = new int[3];
        Parallel.For(0, 8, _ =>
        {
            for (int round = 0; round < 50; round++)
            {
                var runs = new int[17];
                team.For(new Count(runs, busy), 17);
                Assert.All(runs, run => Assert.Equal(1, run));
            }
        });
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void A_job_inside_a_job_is_refused(int threads)
    {
        using var team = new Team(threads);
        Assert.Throws<InvalidOperationException>(() => team.For(new Nested(team), 6));
        team.For(new Sleepy(0), 3);
    }

    [Fact]
    public void Handing_out_work_allocates_nothing()
    {
        using var team = new Team(2);
        var work = new Count(new int[8], new int[2]);
        team.For(work, 8);
        Allocations.AssertNone(() =>
        {
            for (int round = 0; round < 100; round++) team.For(work, 8);
        });
    }

    [Fact]
    public void Dispose_ends_the_threads_whatever_they_do()
    {
        for (int round = 0; round < 30; round++)
        {
            var team = new Team(1 + round % 9);
            if (round % 3 > 0) team.For(new Sleepy(0), 20);
            if (round % 3 == 2) Thread.Sleep(2);
            team.Dispose();
            team.Dispose();
            Assert.Throws<ObjectDisposedException>(() => team.For(new Sleepy(0), 2));
        }
    }

    [Fact]
    public void Dispose_waits_for_a_job_of_another_thread()
    {
        var team = new Team(2);
        using var started = new ManualResetEventSlim();
        var runs = new int[4];
        var job = new Thread(() => team.For(new Slow(runs, started), runs.Length));
        job.Start();
        started.Wait(TestContext.Current.CancellationToken);
        team.Dispose();
        Assert.All(runs, run => Assert.Equal(1, run));
        Assert.True(job.Join(TimeSpan.FromSeconds(30)));
    }

    readonly struct Slow(int[] runs, ManualResetEventSlim started) : IWork
    {
        public void Run(int item, int worker)
        {
            started.Set();
            Thread.Sleep(20);
            runs[item]++;
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(Team.MaxThreads + 1)]
    public void An_impossible_number_of_threads_is_refused(int threads) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new CpuDevice(new CpuOptions { Threads = threads }));
}
