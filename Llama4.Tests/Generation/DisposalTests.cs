using Llama4.Core;
using Llama4.Core.Generation;

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
                Assert.True(llama.Device.AllocatedBytes > 0);
                if (cycle % 2 == 0) llama.Dispose();
                else await llama.DisposeAsync();
                Assert.Equal(0, llama.Device.AllocatedBytes);
                Assert.Equal(0, Mappings(folder));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Mapped files of a folder, where the system lists them.</summary>
    static int Mappings(string folder) =>
        File.Exists("/proc/self/maps") ? File.ReadLines("/proc/self/maps").Count(line => line.Contains(folder)) : 0;
}
