using Llama4.Core;

namespace Llama4.Tests.Fuzz;

/// <summary>Each target withstands a few mutations in every test run, and the loop finds what it is made to find.</summary>
public class FuzzTests
{
    public static TheoryData<string> Names => [.. FuzzProgram.Targets.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Target_withstands_its_seeds_and_some_mutations(string name)
    {
        using var folder = new TemporaryFolder();
        FuzzTarget target = FuzzProgram.Targets[name]();
        Assert.Equal(name, target.Name);
        var loop = new FuzzLoop(target, seed: 1, folder.Path);
        Assert.Null(loop.Run(TimeSpan.FromSeconds(1), count: 2_000));
        Assert.True(loop.Count > 0);
        Assert.Empty(Directory.GetFiles(folder.Path));
    }

    /// <summary>Findings of the past, each mended: a zlib stream that asks for a dictionary.</summary>
    [Theory]
    [InlineData("png", "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAAEElEQVR4IAAAAAFj2LWwGwAD/wHnJioDmgAAAABJRU5ErkJggg==")]
    public void An_input_that_failed_once_is_refused_or_read(string name, string base64)
    {
        using var folder = new TemporaryFolder();
        string file = Path.Combine(folder.Path, "input");
        File.WriteAllBytes(file, Convert.FromBase64String(base64));
        Assert.Empty(new FuzzLoop(FuzzProgram.Targets[name](), seed: 1, folder.Path).Replay([file]));
    }

    static string? Fuzz(Action<byte[]> read, TemporaryFolder folder, FuzzTarget? limits = null)
    {
        FuzzTarget target = (limits ?? new("test", _ => { }, () => [])) with { Read = input => read(input.ToArray()), Seeds = () => [[1, 2, 3]] };
        return new FuzzLoop(target, seed: 1, folder.Path).Run(TimeSpan.FromSeconds(20), count: 100_000);
    }

    [Fact]
    public void A_crash_is_found_and_its_input_saved_and_replayed()
    {
        using var folder = new TemporaryFolder();
        string failure = Fuzz(input => _ = input.Length > 2 && input[2] == 0xFF ? input[input.Length] : 0, folder)!;
        Assert.Contains(nameof(IndexOutOfRangeException), failure);
        string file = Assert.Single(Directory.GetFiles(folder.Path));
        Assert.Contains(file, failure);
        Assert.Equal(0xFF, File.ReadAllBytes(file)[2]);

        File.WriteAllBytes(Path.Combine(folder.Path, "harmless"), [1]);
        var broken = new FuzzTarget("test", input => throw new FormatException(input.Length.ToString()), () => []);
        Assert.Equal(2, new FuzzLoop(broken, seed: 1, folder.Path).Replay(Directory.GetFiles(folder.Path)).Count);
        Assert.Empty(new FuzzLoop(broken with { Read = _ => { } }, seed: 1, folder.Path).Replay(Directory.GetFiles(folder.Path)));
    }

    [Fact]
    public void New_places_of_refusal_lead_deeper()
    {
        using var folder = new TemporaryFolder();
        string? failure = Fuzz(input =>
        {
            // Right by chance once in 32^4 inputs; step by step within some thousands.
            static bool Right(byte[] input, int at) => input.Length > at && input[at] % 32 == 21;
            if (!Right(input, 0)) throw new ModelFormatException("file", "byte 0", "is wrong");
            if (!Right(input, 1)) throw new ModelFormatException("file", "byte 1", "is wrong");
            if (!Right(input, 2)) throw new ModelFormatException("file", "byte 2", "is wrong");
            if (!Right(input, 3)) throw new ModelFormatException("file", "byte 3", "is wrong");
            throw new FormatException("reached");
        }, folder);
        Assert.Contains("reached", failure);
    }

    [Fact]
    public void Too_much_memory_and_time_are_found()
    {
        using var folder = new TemporaryFolder();
        var memory = new FuzzTarget("test", _ => { }, () => []) { AllocationLimit = 1 << 20 };
        Assert.Contains("allocated", Fuzz(input => GC.KeepAlive(new byte[input is [_, 0x80, ..] ? 1 << 21 : 1]), folder, memory));
        var time = new FuzzTarget("test", _ => { }, () => []) { TimeLimit = TimeSpan.FromMilliseconds(50) };
        Assert.Contains("took", Fuzz(_ => Thread.Sleep(60), folder, time));
    }

    [Fact]
    public void The_same_seed_gives_the_same_inputs()
    {
        static List<byte[]> Inputs(int seed)
        {
            var mutator = new Mutator(seed, FuzzTarget.Utf8("word"), longest: 100);
            byte[] input = [1, 2, 3, 4];
            return [.. Enumerable.Range(0, 1000).Select(_ => input = mutator.Mutate(input, input))];
        }
        Assert.Equal(Inputs(3), Inputs(3));
        Assert.NotEqual(Inputs(3), Inputs(4));
        Assert.All(Inputs(5), input => Assert.True(input.Length <= 100));
    }

    [Fact]
    public void Wrong_arguments_are_named()
    {
        Assert.Equal(2, FuzzProgram.Run(["nothing"], TextWriter.Null));
        Assert.Equal(2, FuzzProgram.Run(["tokenizer", "--seconds"], TextWriter.Null));
        Assert.Equal(2, FuzzProgram.Run(["tokenizer", "--seconds", "x"], TextWriter.Null));
        Assert.Equal(2, FuzzProgram.Run(["tokenizer", "/no/such/folder"], TextWriter.Null));
        var output = new StringWriter();
        Assert.Equal(0, FuzzProgram.Run([], output));
        Assert.Contains("tokenizer", output.ToString());
    }

    sealed class TemporaryFolder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("llama4-fuzz-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
