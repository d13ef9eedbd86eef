namespace Llama4.Tests.Cli;

public sealed class SettingsTests
{
    [Fact]
    public async Task A_flag_beats_a_variable_beats_the_file()
    {
        using var terminal = new TestTerminal();
        terminal.WriteConfig("""{"ctx": 100, "top-k": 5, "min-p": 0.1, "stop": ["a", "b"], /* mine */ "system": "Be brief.",}""");
        terminal.Variables["LLAMA4_CTX"] = "200";
        terminal.Variables["LLAMA4_TOP_K"] = "6";
        terminal.Variables["LLAMA4_SEED"] = "";
        string[] lines = (await terminal.OutputAsync("run", "--print-config", "--ctx", "300")).Split('\n');
        AssertLine(lines, "ctx", "300", "--ctx");
        AssertLine(lines, "top-k", "6", "LLAMA4_TOP_K");
        AssertLine(lines, "min-p", "0.1", "config file");
        AssertLine(lines, "stop", "a | b", "config file");
        AssertLine(lines, "system", "Be brief.", "config file");
        AssertLine(lines, "seed", "", "not set");
    }

    [Fact]
    public async Task Values_that_look_like_secrets_are_hidden()
    {
        using var terminal = new TestTerminal();
        terminal.WriteConfig("""{"hub-token": "swordfish", "color": "blue"}""");
        terminal.Variables["LLAMA4_API_KEY"] = "hunter2";
        foreach (string[] words in new[] { new[] { "run", "--print-config" }, ["run", "--print-config", "--json"] })
        {
            string shown = await terminal.OutputAsync(words);
            Assert.DoesNotContain("swordfish", shown);
            Assert.DoesNotContain("hunter2", shown);
            Assert.Contains("LLAMA4_API_KEY", shown);
            Assert.Contains("blue", shown);
            Assert.Contains("(hidden)", shown);
        }
    }

    [Theory]
    [InlineData("--ctx", "0", "--ctx: found '0', expected a whole number from 1 to 2147483647")]
    [InlineData("--ctx", "1.5", "--ctx: found '1.5', expected a whole number")]
    [InlineData("--temperature", "warm", "--temperature: found 'warm', expected a number from 0 to 10")]
    [InlineData("--temperature", "NaN", "--temperature: found 'NaN'")]
    [InlineData("--temperature", "1,5", "--temperature: found '1,5'")]
    [InlineData("--top-p", "1.01", "--top-p: found '1.01', expected a number from 0 to 1")]
    [InlineData("--seed", "-1", "--seed: found '-1'")]
    [InlineData("--seed", "18446744073709551616", "--seed: found '18446744073709551616'")]
    [InlineData("--kv", "q4_0", "--kv: found 'q4_0', expected one of f32, f16, bf16, q8_0")]
    [InlineData("--max-tokens", "0", "--max-tokens: found '0'")]
    public async Task A_wrong_value_names_its_place_and_what_was_expected(string flag, string value, string message)
    {
        using var terminal = new TestTerminal();
        Assert.Contains(message, await terminal.FailureAsync(2, "run", "hi", $"{flag}={value}"));
        Assert.Equal("", terminal.Out.ToString());
    }

    [Fact]
    public async Task A_wrong_variable_names_the_variable()
    {
        using var terminal = new TestTerminal();
        terminal.Variables["LLAMA4_TEMPERATURE"] = "hot";
        Assert.Contains("LLAMA4_TEMPERATURE: found 'hot'", await terminal.FailureAsync(2, "run", "hi"));
    }

    [Theory]
    [InlineData("[1]", "expected a JSON object")]
    [InlineData("{", "not valid JSON")]
    [InlineData("""{"ctx": 1, "ctx": 2}""", "not valid JSON")]
    [InlineData("""{"ctx": {"a": 1}}""", "ctx: expected a string, a number, true or false")]
    [InlineData("""{"ctx": "many"}""", "config file: found 'many'")]
    [InlineData("""{"ctx": [1, 2]}""", "config file: 2 values, expected one")]
    [InlineData("""{"stop": [""]}""", "config file: found '', expected a text that is not empty")]
    [InlineData("""{"json": 3}""", "config file: found '3', expected true or false")]
    public async Task A_broken_config_file_is_a_usage_error(string json, string message)
    {
        using var terminal = new TestTerminal();
        terminal.WriteConfig(json);
        Assert.Contains(message, await terminal.FailureAsync(2, "run", "hi"));
    }

    [Fact]
    public async Task An_unknown_key_in_the_file_is_a_warning_with_the_nearest_name()
    {
        using var terminal = new TestTerminal();
        terminal.WriteConfig("""{"temprature": 1}""");
        Assert.Equal(0, await terminal.RunAsync("doctor"));
        Assert.Contains("no setting is called temprature, did you mean temperature?", terminal.Error.ToString());
    }

    [Fact]
    public async Task LLAMA4_CONFIG_names_another_file_that_must_exist()
    {
        using var terminal = new TestTerminal();
        terminal.Folder.Write("mine.json", """{"seed": 7}""");
        terminal.Variables["LLAMA4_CONFIG"] = "mine.json";
        AssertLine((await terminal.OutputAsync("run", "--print-config")).Split('\n'), "seed", "7", "config file");
        terminal.Variables["LLAMA4_CONFIG"] = "gone.json";
        Assert.Contains("gone.json", await terminal.FailureAsync(2, "run", "hi"));
    }

    static void AssertLine(string[] lines, params string[] words)
    {
        const StringSplitOptions Cells = StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries;
        Assert.Contains(lines, line => line.Split("  ", Cells).SequenceEqual(words.Where(word => word.Length > 0)));
    }
}
