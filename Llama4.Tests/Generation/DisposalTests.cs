using Llama4.Core;
using Llama4.Core.Formats;
using Llama4.Core.Generation;
using Llama4.Kernels.Cpu;
using Llama4.Tests.Gpu;

namespace Llama4.Tests.Generation;

public sealed class DisposalTests
{
    [Fact]
    public async Task Disposing_ends_answers_under_way_with_an_error_that_says_so()
    {
        Llama llama = await Llama.LoadAsync(options: new LlamaOptions { MaxParallel = 2 }, cancel: DemoModel.Cancel);
        // Two run, two wait.
        IAsyncEnumerator<Piece>[] streams = [.. Enumerable.Range(0, 4).Select(_ =>
            llama.ChatAsync("Tell me a story.", CancellationTests.endless, DemoModel.Cancel).GetAsyncEnumerator(DemoModel.Cancel))];
        Task<bool>[] first = [.. streams.Select(stream => stream.MoveNextAsync().AsTask())];
        Assert.True(await await Task.WhenAny(first));
        await llama.DisposeAsync();
        for (int i = 0; i < streams.Length; i++)
        {
            Exception? error = await Record.ExceptionAsync(async () =>
            {
                await first[i];
                while (await streams[i].MoveNextAsync()) { }
            });
            Assert.True(error is ObjectDisposedException, $"stream {i}: {error?.ToString() ?? "ended"}");
        }
        await Assert.ThrowsAsync<ObjectDisposedException>(() => llama.ChatAsync("Hello", cancel: DemoModel.Cancel).WholeAsync());
        await llama.DisposeAsync();
        llama.Dispose();
    }

    [Fact]
    public async Task A_checkpoint_given_away_is_disposed_with_the_model_and_when_loading_fails()
    {
        var refused = Checkpoint.Open(Llama.DemoModelPath);
        await Assert.ThrowsAsync<InvalidRequestException>(() => Llama.LoadAsync(refused, new LlamaOptions { Threads = 0 }, cancel: DemoModel.Cancel));
        AssertDisposed(refused);
        var cancelled = Checkpoint.Open(Llama.DemoModelPath);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Llama.LoadAsync(cancelled, cancel: new CancellationToken(canceled: true)));
        AssertDisposed(cancelled);
        var loaded = Checkpoint.Open(Llama.DemoModelPath);
        using (Llama llama = await Llama.LoadAsync(loaded, cancel: DemoModel.Cancel)) Assert.Same(loaded, llama.Checkpoint);
        AssertDisposed(loaded);

        static void AssertDisposed(Checkpoint checkpoint)
        {
            using var device = new CpuDevice(new CpuOptions { Threads = 1 });
            Assert.Throws<ObjectDisposedException>(() => checkpoint.LoadText(device));
        }
    }

    /// <summary>U38.</summary>
    [Fact]
    public async Task Loaded_used_and_disposed_twenty_times_nothing_is_left()
    {
        string folder = Directory.CreateTempSubdirectory("llama4-").FullName;
        try
        {
            foreach (string file in Directory.GetFiles(Llama.DemoModelPath)) File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
            for (int cycle = 0; cycle < 20; cycle++)
            {
                Llama llama = await Llama.LoadAsync(folder, cancel: DemoModel.Cancel);
                Completion answer = await llama.ChatAsync("Who are you?", new GenerationOptions { MaxTokens = 3 }, DemoModel.Cancel)
                    .WholeAsync();
                Assert.Equal(3, answer.CompletionTokens);
                Assert.True(llama.AllocatedBytes > 0);
                if (cycle % 2 == 0) llama.Dispose();
                else await llama.DisposeAsync();
                Assert.Equal(0, llama.AllocatedBytes);
                Assert.Equal(0, Mappings(folder));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>
    /// U38, the process: what is resident after sixty cycles grows by at most 1 % in a hundred more. Two things grow at first and stop, and
    /// neither is ours: code that the runtime compiles again and better, and what malloc keeps of what was freed, for each thread that
    /// ever asked. The check turns both off.
    /// </summary>
    [Fact]
    public void The_process_does_not_grow()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "only glibc can be told to keep nothing");
        Emulated.Check(LoadUseDispose, new Dictionary<string, string>
        {
            ["DOTNET_TieredCompilation"] = "0",
            ["MALLOC_ARENA_MAX"] = "1",
            ["MALLOC_MMAP_THRESHOLD_"] = "65536",
        });
    }

    static void LoadUseDispose()
    {
        long early = Resident(cycles: 60), late = Resident(cycles: 100);
        Assert.True(late <= early * 1.01, $"{early} bytes resident after 60 cycles, {late} after 160");
    }

    static long Resident(int cycles)
    {
        for (int cycle = 0; cycle < cycles; cycle++)
        {
            using Llama llama = Llama.LoadAsync().GetAwaiter().GetResult();
            llama.ChatAsync("Who are you?", new GenerationOptions { MaxTokens = 3 }).ToCompletionAsync().GetAwaiter().GetResult();
        }
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        return Environment.WorkingSet;
    }

    /// <summary>Mapped files of a folder, where the system lists them.</summary>
    static int Mappings(string folder) =>
        File.Exists("/proc/self/maps") ? File.ReadLines("/proc/self/maps").Count(line => line.Contains(folder)) : 0;
}
