using Llama4.Cli;

namespace Llama4.Tests.Cli;

public sealed class CommandLineTests
{
    [Fact]
    public async Task Without_arguments_and_terminal_five_lines_help_with_a_working_example()
    {
        using var terminal = new TestTerminal();
        string help = await terminal.OutputAsync();
        Assert.Equal(5, help.TrimEnd('\n').Split('\n').Length);
        string example = help.Split('\n').Single(line => line.Contains("try it"));
        string prompt = example.Split('"')[1];
        using var second = new TestTerminal();
        Assert.Equal("The capital of France is Paris.\n", await second.OutputAsync("run", prompt));
    }

    [Theory]
    [InlineData("there is no option --modle, did you mean --model?", "run", "--modle", "x", "hi")]
    [InlineData("there is no option --temprature, did you mean --temperature?", "run", "hi", "--temprature=1")]
    [InlineData("there is no option --temp, did you mean --temperature?", "run", "hi", "--temp", "1")]
    [InlineData("there is no option --frobnicate\n", "run", "hi", "--frobnicate")]
    [InlineData("there is no command eva, did you mean eval?", "eva")]
    [InlineData("there is no command inspcet, did you mean inspect?", "inspcet", "file")]
    [InlineData("'is' is one argument too many; put texts with spaces in quotes", "run", "What", "is", "this")]
    [InlineData("Required argument 'file' missing", "inspect")]
    [InlineData("there is no script for tcsh, choose one of bash, zsh, fish, pwsh", "completion", "tcsh")]
    [InlineData("--at-least: found '2', expected a number from 0 to 1", "eval", "--at-least", "2")]
    [InlineData("--repeat: found 'x', expected a whole number from 1 to 1000", "bench", "--repeat", "x")]
    [InlineData("give either a text or --jsonl", "tokenize", "text", "--jsonl", "file")]
    public async Task A_wrong_command_line_says_what_was_meant(string message, params string[] words)
    {
        using var terminal = new TestTerminal();
        Assert.Contains(message, await terminal.FailureAsync(2, words));
        Assert.Equal("", terminal.Out.ToString());
    }

    [Theory]
    [InlineData("-5 + 3 is what?")]
    [InlineData("@someone said hi")]
    [InlineData("[hello]")]
    public async Task A_prompt_may_start_with_any_sign(string prompt)
    {
        using var terminal = new TestTerminal();
        Assert.NotEqual("", await terminal.OutputAsync("run", prompt, "--max-tokens", "2"));
    }

    [Fact]
    public async Task After_two_dashes_everything_is_a_prompt()
    {
        using var terminal = new TestTerminal();
        Assert.NotEqual("", await terminal.OutputAsync("run", "--max-tokens", "2", "--", "--model"));
    }

    [Fact]
    public async Task Options_may_come_before_the_command()
    {
        using var terminal = new TestTerminal();
        Assert.Contains("gone.gguf", await terminal.FailureAsync(3, "--model", "gone.gguf", "run", "hi"));
    }

    [Fact]
    public async Task Version_names_commit_and_features()
    {
        using var terminal = new TestTerminal();
        string[] lines = (await terminal.OutputAsync("--version")).Split('\n');
        Assert.Matches(@"^llama4 \d+\.\d+\.\d+", lines[0]);
        Assert.Matches("^commit +([0-9a-f]{40}|unknown)$", lines[1]);
        Assert.Contains(lines, line => line.StartsWith("features"));
    }

    [Theory]
    [InlineData("bash", "complete -o default")]
    [InlineData("zsh", "compdef _llama4 llama4")]
    [InlineData("fish", "complete -c llama4")]
    [InlineData("pwsh", "Register-ArgumentCompleter")]
    public async Task Completion_prints_a_script(string shell, string part)
    {
        using var terminal = new TestTerminal();
        Assert.Contains(part, await terminal.OutputAsync("completion", shell));
    }

    [Theory]
    [InlineData("llama4 in", "inspect")]
    [InlineData("llama4 run --te", "--temperature")]
    [InlineData("llama4 run --kv q", "q8_0")]
    [InlineData("llama4 completion fi", "fish")]
    public async Task The_scripts_get_what_may_come_next(string line, string next)
    {
        using var terminal = new TestTerminal();
        Assert.Contains(next, (await terminal.OutputAsync($"[suggest:{line.Length}]", line)).Split('\n'));
    }

    [Theory]
    [InlineData("modle", "model")]
    [InlineData("regne", "regen")]
    [InlineData("REGEN", "regen")]
    [InlineData("temper", "temperature")]
    [InlineData("xyz", null)]
    [InlineData("t", null)]
    public void The_nearest_word_is_found_when_near_enough(string word, string? nearest) =>
        Assert.Equal(nearest, Suggestion.Nearest(word, ["model", "temperature", "regen", "top-k"]));
}
