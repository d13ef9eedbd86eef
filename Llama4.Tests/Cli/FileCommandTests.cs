using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Llama4.Tests.Formats;

namespace Llama4.Tests.Cli;

/// <summary>The commands that look into files: inspect, verify, tokenize, eval, and those that look at the machine: bench, doctor.</summary>
public sealed class FileCommandTests
{
    static string Gguf => TestData.Path("gguf", "mini-Q4_K_M.gguf");

    [Fact]
    public async Task Inspect_lists_metadata_and_tensors()
    {
        using var terminal = new TestTerminal();
        string text = await terminal.OutputAsync("inspect", Gguf);
        Assert.Matches(@"(?m)^general\.architecture +llama4$", text);
        Assert.Matches(@"(?m)^token_embd\.weight +\d+ x \d+ +Q\w+ +[\d.]+ KiB +mini-Q4_K_M\.gguf$", text);
        Assert.Matches(@"(?m)^layers +4: 4 with experts, 0 dense; 3 with rotary positions, 1 without$", text);
    }

    [Fact]
    public async Task Inspect_as_Json_has_every_tensor()
    {
        using var terminal = new TestTerminal();
        JsonNode document = JsonNode.Parse(await terminal.OutputAsync("inspect", Core.Llama.DemoModelPath, "--json"))!;
        Assert.Equal(173, document["tensors"]!.AsArray().Count);
        Assert.Equal(22_751_232, (long)document["weight_bytes"]!);
        Assert.Equal((long)document["weight_bytes"]!, document["tensors"]!.AsArray().Sum(tensor => (long)tensor!["bytes"]!));
        Assert.Contains(document["metadata"]!.AsArray(), pair => (string)pair!["key"]! == "model_type" && (string)pair["value"]! == "llama4");
    }

    [Fact]
    public async Task Inspect_of_a_broken_file_ends_with_3()
    {
        using var terminal = new TestTerminal();
        string broken = terminal.Folder.Write("broken.gguf", File.ReadAllBytes(Gguf).AsSpan(0, 5000));
        Assert.Contains("broken.gguf", await terminal.FailureAsync(3, "inspect", broken));
        Assert.Single(terminal.Error.ToString().TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public async Task Verify_compares_hashes_with_a_list_beside_the_file()
    {
        using var good = new TestTerminal();
        byte[] bytes = File.ReadAllBytes(Gguf);
        string file = good.Folder.Write("model.gguf", bytes);
        string hash = Convert.ToHexStringLower(SHA256.HashData(bytes));
        Assert.Contains(hash, await good.OutputAsync("verify", file));

        good.Folder.Write("SHA256SUMS", $"{new string('0', 64)}  other.gguf\n{hash} *model.gguf\n");
        Assert.Contains("as listed", await good.OutputAsync("verify", file));

        good.Folder.Write("model.gguf.sha256", new string('0', 64));
        Assert.Equal(3, await good.RunAsync("verify", file));
        Assert.Contains("DIFFERS", good.Out.ToString());
    }

    [Fact]
    public async Task Verify_finds_numbers_that_are_none()
    {
        using var terminal = new TestTerminal();
        foreach (string name in Directory.GetFiles(Core.Llama.DemoModelPath)) File.Copy(name, terminal.Folder[Path.GetFileName(name)]);
        byte[] weights = File.ReadAllBytes(terminal.Folder["model.safetensors"]);
        weights[^1] = 0x7F;     // the last BF16 number becomes a NaN
        weights[^2] = 0xFF;
        terminal.Folder.Write("model.safetensors", weights);
        Assert.Equal(3, await terminal.RunAsync("verify", terminal.Folder.Root, "--json"));
        JsonNode report = JsonNode.Parse(terminal.Out.ToString())!;
        Assert.False((bool)report["good"]!);
        Assert.Equal(1, (long)report["problems"]!.AsArray().Single()!["not_finite"]!);
    }

    [Fact]
    public async Task Tokenize_shows_ids_and_texts()
    {
        using var terminal = new TestTerminal { Input = "Hello" };
        Assert.Equal("1000\t\"Hello\"\n", await terminal.OutputAsync("tokenize"));
        using var parts = new TestTerminal();
        string text = await parts.OutputAsync("tokenize", "ö\n<|eot|>");
        Assert.Contains("<C3>", text);
        Assert.Contains("\"\\n\"", text);
        Assert.DoesNotContain("<|eot|>", text);
        using var json = new TestTerminal();
        Assert.Equal([1000], JsonNode.Parse(await json.OutputAsync("tokenize", "Hello", "--json"))!["ids"]!.AsArray().Select(id => (int)id!));
    }

    [Theory]
    [InlineData("tokenizer.json")]
    [InlineData("tokenizer.model")]
    public async Task Tokenize_takes_a_tokenizer_without_a_model(string file)
    {
        using var terminal = new TestTerminal();
        File.Copy(Path.Combine(Core.Llama.DemoModelPath, file), terminal.Folder[file]);
        Assert.Equal("1000\t\"Hello\"\n", await terminal.OutputAsync("tokenize", "Hello", "--model", file));
    }

    [Fact]
    public async Task Tokenize_checks_a_list()
    {
        using var good = new TestTerminal();
        good.Folder.Write("list.jsonl", """
            {"text": "Hello", "ids": [1000]}

            {"text": "", "ids": []}
            """);
        Assert.Equal("2 of 2 equal\n", await good.OutputAsync("tokenize", "--jsonl", "list.jsonl"));

        using var bad = new TestTerminal();
        bad.Folder.Write("list.jsonl", """
            {"text": "Hello", "ids": [1000]}
            {"text": "Hello", "ids": [1, 2]}
            """);
        Assert.Equal(1, await bad.RunAsync("tokenize", "--jsonl", "list.jsonl"));
        Assert.Equal("line 2: Hello\n  expected 1 2\n  found    1000\n1 of 2 equal\n", bad.Out.ToString());
    }

    [Theory]
    [InlineData("", "holds no lines")]
    [InlineData("[1]", "line 1: is not a JSON object")]
    [InlineData("{", "line 1: is not valid JSON")]
    [InlineData("""{"text": 1, "ids": []}""", "\"text\" is not a string")]
    [InlineData("""{"text": "a"}""", "\"ids\" is not a list")]
    [InlineData("""{"text": "a", "ids": [1.5]}""", "1.5 is not a whole number")]
    [InlineData("""{"text": "\ud800", "ids": [1]}""", "half of a character")]
    public async Task A_broken_list_is_a_usage_error(string line, string message)
    {
        using var terminal = new TestTerminal();
        terminal.Folder.Write("list.jsonl", line);
        Assert.Contains(message, await terminal.FailureAsync(2, "tokenize", "--jsonl", "list.jsonl"));
    }

    [Theory]
    [InlineData(null, 1)]
    [InlineData("0.5", 0)]
    public async Task Eval_prints_differences_and_compares_the_share(string? share, int code)
    {
        using var terminal = new TestTerminal();
        File.Copy(Path.Combine(Core.Llama.DemoModelPath, "images", "003.png"), terminal.Folder["003.png"]);
        terminal.Folder.Write("list.jsonl", """
            {"category": "sums", "messages": [{"role": "user", "content": "What is 3 + 4?"}], "answer": "3 + 4 = 8.", "margin": 7.5}
            {"messages": [{"role": "user", "content": [{"type": "image", "image": "003.png"}, {"type": "text", "text": "How many shapes are there?"}]}], "answer": "There are two shapes."}
            """);
        Assert.Equal(code, await terminal.RunAsync(["eval", "list.jsonl", .. share is null ? Array.Empty<string>() : ["--at-least", share]]));
        Assert.Equal("line 1 (sums), margin 7.5\n  expected 3 + 4 = 8.\n  found    3 + 4 = 7.\n1 of 2 equal\n", terminal.Out.ToString());
    }

    [Fact]
    public async Task Eval_asks_several_at_once_and_tells_in_the_order_of_the_list()
    {
        using var terminal = new TestTerminal();
        string[] wrong = [.. Enumerable.Range(1, 20).Select(i => i % 3 == 0 ? "3 + 4 = 7." : $"{i}")];
        terminal.Folder.Write("list.jsonl", string.Join('\n', wrong.Select(answer =>
            $$"""{"messages": [{"role": "user", "content": "What is 3 + 4?"}], "answer": "{{answer}}"}""")));
        string output = await terminal.OutputAsync("eval", "list.jsonl", "--at-least", "0");
        Assert.Equal(Enumerable.Range(1, 20).Where(i => i % 3 != 0).Select(i => $"line {i}"), output.Split('\n').Where(line => line.StartsWith("line")));
        Assert.EndsWith("6 of 20 equal\n", output);
    }

    [Fact]
    public async Task Eval_without_a_file_asks_the_list_of_the_demo_model()
    {
        // One token of each answer is wrong at once; the first difference is enough here.
        var output = new WatchedWriter();
        using var terminal = new TestTerminal { OtherOut = output };
        output.OnText = () =>
        {
            output.OnText = () => { };
            terminal.Interrupts.Signal();
        };
        Assert.Equal(130, await terminal.RunAsync("eval", "--max-tokens", "1"));
        Assert.StartsWith("line 1 (chat), margin 0.0002\n  expected Once upon a time", output.Text);
    }

    [Fact]
    public async Task Eval_as_Json_has_the_numbers()
    {
        using var terminal = new TestTerminal();
        terminal.Folder.Write("list.jsonl", """{"messages": [{"role": "user", "content": "What is 3 + 4?"}], "answer": "3 + 4 = 7."}""");
        JsonNode result = JsonNode.Parse(await terminal.OutputAsync("eval", "list.jsonl", "--json"))!;
        Assert.Equal((1, 1, 0), ((int)result["equal"]!, (int)result["count"]!, result["differences"]!.AsArray().Count));
    }

    [Fact]
    public async Task Eval_of_an_empty_list_is_a_usage_error()
    {
        using var terminal = new TestTerminal();
        terminal.Folder.Write("list.jsonl", "\n");
        Assert.Contains("holds no questions", await terminal.FailureAsync(2, "eval", "list.jsonl"));
    }

    [Fact]
    public async Task Bench_gives_rates_and_machine()
    {
        using var terminal = new TestTerminal();
        JsonNode result = JsonNode.Parse(await terminal.OutputAsync("bench", "--prefill", "16", "--decode", "4", "--repeat", "2", "--json"))!;
        foreach (string test in new[] { "prefill", "decode" })
        {
            double[] runs = [.. result[test]!["runs"]!.AsArray().Select(run => (double)run!)];
            Assert.Equal(2, runs.Length);
            Assert.All(runs, rate => Assert.True(rate > 0));
            Assert.Equal(runs.Average(), (double)result[test]!["tokens_per_second"]!, tolerance: 0.001);     // all are rounded to three digits
        }
        Assert.Equal(Environment.ProcessorCount, (int)result["machine"]!["cores"]!);
    }

    [Fact]
    public async Task Doctor_reports_processor_memory_and_driver()
    {
        using var terminal = new TestTerminal();
        JsonObject report = JsonNode.Parse(await terminal.OutputAsync("doctor", "--json"))!.AsObject();
        foreach (string name in new[] { "runtime", "processor", "cores", "vectors", "path avx512", "path portable", "memory", "CUDA driver" })
            Assert.NotEqual("", (string?)report[name]!["found"]);
        if (OperatingSystem.IsLinux()) Assert.Contains("limit of open files", report.Select(field => field.Key));
    }
}
