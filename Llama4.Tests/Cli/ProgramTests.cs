using System.Diagnostics;
using Llama4.Tests.Formats;

namespace Llama4.Tests.Cli;

/// <summary>The built program as a user starts it.</summary>
public sealed class ProgramTests : IDisposable
{
    readonly TempFolder folder = new();

    /// <summary>Options for a model that answers with spaces until it is stopped: its weights are zero, so all tokens are equally likely and the first is taken.</summary>
    string[] EndlessModel()
    {
        RawGguf file = TinyModels.Gguf();
        string[] tokens = TinyModels.Tokens;
        (tokens[0], tokens[' ']) = (tokens[' '], tokens[0]);
        file.Set("tokenizer.ggml.tokens", tokens);
        file.Set("llama4.context_length", 1u << 20);
        File.WriteAllBytes(folder["endless.gguf"], file.Build());
        return ["--model", folder["endless.gguf"], "--temperature", "0"];
    }

    [Fact]
    public async Task Run_prints_the_answer_and_nothing_else_and_writes_no_file()
    {
        using var program = new LlamaProcess(folder.Root, "run", "What is the capital of France?");
        Assert.Equal((0, "The capital of France is Paris." + Environment.NewLine), await program.EndAsync());
        Assert.StartsWith("[prompt", program.Error);
        Assert.DoesNotContain("\e", program.Error);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Root));
    }

    [Fact]
    public async Task Text_is_UTF_8_on_every_stream()
    {
        using var program = new LlamaProcess(folder.Root, "run", "Say how are you in Arabic.");
        Assert.Equal("كيف حالك؟", (await program.EndAsync()).Output.Trim());
        using var tokens = new LlamaProcess(folder.Root, "tokenize", "--json");
        tokens.In.Write("日本 ünïcödé");
        Assert.Contains("日本 ünïcödé", (await tokens.EndAsync()).Output);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2, "--frobnicate")]
    [InlineData(3, "inspect", "gone.gguf")]
    public async Task Exit_codes_reach_the_caller(int code, params string[] words)
    {
        using var program = new LlamaProcess(folder.Root, words);
        Assert.Equal(code, (await program.EndAsync()).Code);
    }

    [Fact]
    public async Task A_broken_pipe_ends_it_quietly()
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("Windows drops what nobody reads");
        using var program = new LlamaProcess(folder.Root, ["run", "Write a story.", .. EndlessModel()]);
        program.In.Close();
        await program.Out.ReadAsync(new char[1].AsMemory(), TestContext.Current.CancellationToken);
        program.Out.Close();
        Assert.Equal(0, await program.WaitAsync());
        Assert.Equal("", program.Error);
    }

    [Theory]
    [InlineData("2>&-", 0)]
    [InlineData("<&- 2>&-", 0)]
    [InlineData(">&-", 1)]
    [InlineData("<&- >&- 2>&-", 1)]
    public async Task Streams_that_are_closed_from_the_start_do_no_harm(string closed, int code)
    {
        if (!OperatingSystem.IsLinux()) Assert.Skip("only Linux tells which streams a process was given");
        using LlamaProcess shell = LlamaProcess.InShell(folder.Root, $"'{LlamaProcess.Program}' run 'What is the capital of France?' {closed}; echo code $?");
        Assert.Equal($"{(code == 0 ? "The capital of France is Paris.\n" : "")}code {code}\n", (await shell.EndAsync()).Output);
        Assert.Equal(closed == ">&-" ? "llama4: standard output is closed\n" : "", shell.Error);
    }

    [Fact]
    public async Task SIGINT_ends_it_with_130()
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("there are no signals");
        using var program = new LlamaProcess(folder.Root, ["run", "Write a story.", .. EndlessModel()]);
        program.In.Close();
        await program.Out.ReadAsync(new char[1].AsMemory(), TestContext.Current.CancellationToken);
        using (Process kill = Process.Start("kill", ["-INT", $"{program.Id}"])) await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(130, (await program.EndAsync()).Code);
    }

    [Fact]
    public async Task On_a_terminal_Ctrl_C_stops_the_reply_and_a_second_one_restores_the_terminal_and_ends_with_130()
    {
        using LlamaProcess chat = await StoppedReplyAsync();
        await chat.ReadUntilAsync("[stopped]");
        await chat.ReadUntilAsync("> ");
        await TypeAsync(chat, "/tokens\r");
        await chat.ReadUntilAsync("used by 2 messages");
        await chat.ReadUntilAsync("> ");
        await TypeAsync(chat, "\u0003");
        await chat.ReadUntilAsync("leaves.");
        await TypeAsync(chat, "\u0003");
        Assert.Contains("\e[?2004l", await chat.ReadUntilAsync("code 130"));
        await AssertTerminalRestoredAsync(chat);
    }

    [Fact]
    public async Task On_a_terminal_two_quick_Ctrl_C_in_a_reply_restore_the_terminal_and_end_with_130()
    {
        using LlamaProcess chat = await StoppedReplyAsync();
        await Task.Delay(500, TestContext.Current.CancellationToken);   // signals of one kind that come before the first is seen are one
        await TypeAsync(chat, "\u0003");
        await chat.ReadUntilAsync("code 130");
        await AssertTerminalRestoredAsync(chat);
    }

    [Fact]
    public async Task On_a_terminal_no_command_means_chat_and_Ctrl_D_leaves()
    {
        using LlamaProcess? chat = LlamaProcess.OnTerminal(folder.Root, $"'{LlamaProcess.Program}'; echo code $?");
        if (chat is null) Assert.Skip("no program called script");
        await chat.ReadUntilAsync("> ");
        await TypeAsync(chat, "\e[200~What is\r3 + 4?\e[201~\r");
        Assert.Contains("7.", await chat.ReadUntilAsync("[prompt"));
        await chat.ReadUntilAsync("> ");
        await TypeAsync(chat, "\u0004");
        await chat.ReadUntilAsync("code 0");
    }

    /// <summary>
    /// A chat on a terminal in which Ctrl-C was pressed in the middle of a reply, with the state of the terminal before and after it in files.
    /// Ctrl-C reaches the shell as well, which would end with it (dash does, bash does not): hence the trap, which its children do not inherit.
    /// </summary>
    async Task<LlamaProcess> StoppedReplyAsync()
    {
        LlamaProcess? chat = LlamaProcess.OnTerminal(folder.Root,
            $"trap : INT; stty -a > before; '{LlamaProcess.Program}' chat {string.Join(' ', EndlessModel())}; echo code $?; stty -a > after");
        if (chat is null) Assert.Skip("no program called script");
        await chat.ReadUntilAsync("> ");
        await TypeAsync(chat, "Write a story.\r");
        await chat.ReadUntilAsync("\r\n");
        await chat.ReadUntilAsync(" ");
        await TypeAsync(chat, "\u0003");
        return chat;
    }

    async Task AssertTerminalRestoredAsync(LlamaProcess chat)
    {
        await chat.EndAsync();
        Assert.Equal(File.ReadAllText(folder["before"]), File.ReadAllText(folder["after"]));
    }

    static async Task TypeAsync(LlamaProcess chat, string keys)
    {
        await chat.In.WriteAsync(keys);
        await chat.In.FlushAsync();
    }

    public void Dispose() => folder.Dispose();
}
