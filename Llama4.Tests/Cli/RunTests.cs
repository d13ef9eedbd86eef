using System.Text.Json.Nodes;

namespace Llama4.Tests.Cli;

/// <summary>The run command with the demo model, in this process.</summary>
public sealed class RunTests
{
    static string Picture(string name) => Path.Combine(Core.Llama.DemoModelPath, "images", name);

    [Fact]
    public async Task Standard_output_is_the_answer_and_nothing_else()
    {
        using var terminal = new TestTerminal();
        Assert.Equal("The capital of France is Paris.\n", await terminal.OutputAsync("run", "What is the capital of France?"));
        Assert.Matches(@"^\[prompt \d+ tokens, [\d.]+/s \| answer \d+ tokens, [\d.]+/s \| first [\d.]+ m?s\]\n$", terminal.Error.ToString());
    }

    [Fact]
    public async Task Piped_text_is_the_prompt_or_follows_it()
    {
        using var alone = new TestTerminal { Input = "What is the capital of Spain?\n" };
        Assert.Equal("The capital of Spain is Madrid.\n", await alone.OutputAsync("run"));
        using var both = new TestTerminal { Input = "4 + 5?\n" };
        using var whole = new TestTerminal();
        Assert.Equal(await whole.OutputAsync("run", "What is\n\n4 + 5?"), await both.OutputAsync("run", "What is"));
    }

    [Fact]
    public async Task A_pipe_that_stays_silent_is_not_waited_for()
    {
        using var terminal = new TestTerminal { OtherIn = new SilentReader(), Time = new HastyTime() };
        Assert.Equal("The capital of Spain is Madrid.\n", await terminal.OutputAsync("run", "What is the capital of Spain?"));
        Assert.Contains("nothing came on standard input", terminal.Error.ToString());
    }

    [Fact]
    public async Task Without_any_prompt_it_says_how_to_give_one()
    {
        using var terminal = new TestTerminal();
        Assert.Contains("llama4 run \"your question\"", await terminal.FailureAsync(2, "run"));
    }

    [Fact]
    public async Task Pictures_are_seen_in_their_order()
    {
        using var one = new TestTerminal();
        Assert.Equal("There are two shapes.\n", await one.OutputAsync("run", "How many shapes are there?", "--image", Picture("003.png")));
        using var two = new TestTerminal();
        Assert.StartsWith(
            "The first image shows a small pink triangle on a black background. The second image shows a large pink star on a white background.",
            await two.OutputAsync(
                "run", "Can you describe how these two images are similar, and how they differ?",
                "--image", Picture("005a.jpg"), "--image", Picture("005b.png")));
    }

    [Fact]
    public async Task A_picture_that_is_none_is_refused_before_the_model_loads()
    {
        using var terminal = new TestTerminal();
        terminal.Folder.Write("no.png", "not a picture");
        Assert.Contains("no.png", await terminal.FailureAsync(2, "run", "hi", "--image", "no.png", "--model", "gone.gguf"));
    }

    [Fact]
    public async Task Json_has_the_promised_fields()
    {
        using var terminal = new TestTerminal();
        JsonObject answer = JsonNode.Parse(await terminal.OutputAsync("run", "What is 3 + 4?", "--json", "--seed", "18446744073709551615"))!.AsObject();
        Assert.Equal(["model", "text", "finish_reason", "stop_string", "seed", "usage", "timings"], answer.Select(field => field.Key));
        Assert.Equal("3 + 4 = 7.", (string?)answer["text"]);
        Assert.Equal("stop", (string?)answer["finish_reason"]);
        Assert.Null(answer["stop_string"]);
        Assert.Equal(ulong.MaxValue, (ulong)answer["seed"]!);
        Assert.Equal(["prompt_tokens", "cached_tokens", "completion_tokens"], answer["usage"]!.AsObject().Select(field => field.Key));
        Assert.Equal(["queue_seconds", "prefill_seconds", "decode_seconds"], answer["timings"]!.AsObject().Select(field => field.Key));
    }

    [Fact]
    public async Task Max_tokens_and_stop_end_the_answer()
    {
        using var cut = new TestTerminal();
        JsonNode two = JsonNode.Parse(await cut.OutputAsync("run", "Write a short story about a owl.", "--json", "--max-tokens", "2"))!;
        Assert.Equal("length", (string?)two["finish_reason"]);
        Assert.Equal(2, (int)two["usage"]!["completion_tokens"]!);
        using var stopped = new TestTerminal();
        string[] stops = ["--stop", "nonsense", "--stop", " owl named"];
        JsonNode stop = JsonNode.Parse(await stopped.OutputAsync(["run", "Write a short story about a owl.", "--json", .. stops]))!;
        Assert.Equal("Once upon a time there was a little", (string?)stop["text"]);
        Assert.Equal(" owl named", (string?)stop["stop_string"]);
    }

    [Fact]
    public async Task The_same_seed_gives_the_same_text()
    {
        var texts = new List<string>();
        foreach (string seed in new[] { "5", "5", "6" })
        {
            using var terminal = new TestTerminal();
            string[] sampling = ["--temperature", "2", "--top-k", "0", "--top-p", "1", "--max-tokens", "20"];
            texts.Add(await terminal.OutputAsync(["run", "Write a poem.", "--seed", seed, .. sampling]));
        }
        Assert.Equal(texts[0], texts[1]);
        Assert.NotEqual(texts[0], texts[2]);
    }

    [Fact]
    public async Task A_system_message_reaches_the_model()
    {
        using var without = new TestTerminal();
        using var with = new TestTerminal();
        JsonNode plain = JsonNode.Parse(await without.OutputAsync("run", "hi", "--json"))!;
        JsonNode system = JsonNode.Parse(await with.OutputAsync("run", "hi", "--json", "--system", "You are a helpful assistant."))!;
        Assert.True((int)system["usage"]!["prompt_tokens"]! > (int)plain["usage"]!["prompt_tokens"]!);
    }

    [Theory]
    [InlineData(3, "gone.gguf: path: there is no such file or folder", "--model", "gone.gguf")]
    [InlineData(2, "--ctx: 4096 is out of range, expected 2 to 2048", "--ctx", "4096")]
    [InlineData(2, "exceeds the available context", "--ctx", "16")]
    public async Task What_cannot_be_done_ends_with_its_code(int code, string message, params string[] words)
    {
        using var terminal = new TestTerminal();
        Assert.Contains(message, await terminal.FailureAsync(code, ["run", "What is the capital of the country named France?", .. words]));
        Assert.Equal("", terminal.Out.ToString());
    }

    [Fact]
    public async Task A_missing_model_lists_the_models_near()
    {
        using var terminal = new TestTerminal();
        terminal.Folder.Write("scout-Q4_K_M.gguf", "GGUF");
        Assert.Contains("scout-Q4_K_M.gguf", await terminal.FailureAsync(3, "run", "hi", "--model", "scuot.gguf"));
    }

    [Fact]
    public async Task Ctrl_C_ends_with_130_after_the_text_so_far()
    {
        var output = new WatchedWriter();
        using var terminal = new TestTerminal { OtherOut = output };
        output.OnText = terminal.Interrupts.Signal;
        Assert.Equal(130, await terminal.RunAsync("run", "Write a short story about a owl."));
        Assert.EndsWith("\n", output.Text);
        Assert.StartsWith("Once", output.Text);
        Assert.DoesNotContain("The end.", output.Text);
    }

    [Fact]
    public async Task A_reader_that_has_gone_ends_the_program_quietly()
    {
        var output = new WatchedWriter { OnText = () => throw new BrokenPipeException() };
        using var terminal = new TestTerminal { OtherOut = output };
        Assert.Equal(0, await terminal.RunAsync("run", "Write a short story about a owl."));
        Assert.Equal("", terminal.Error.ToString());
    }

    sealed class BrokenPipeException : IOException
    {
        public BrokenPipeException() => HResult = 32;
    }
}
