using System.Text.Json.Nodes;
using Llama4.Cli.Chat;
using Llama4.Cli.Configuration;
using Llama4.Tests.Gpu;

namespace Llama4.Tests.Cli;

/// <summary>The chat with the demo model, in this process; its lines are piped in unless a test says otherwise.</summary>
public sealed class ChatTests
{
    static string Picture(string name) => Path.Combine(Core.Llama.DemoModelPath, "images", name);

    [Fact]
    public async Task Standard_output_holds_the_answers_and_nothing_else()
    {
        using var terminal = new TestTerminal { Input = "What is the capital of France?\n\nWhat is 3 + 4?\n" };
        Assert.Equal("The capital of France is Paris.\n3 + 4 = 7.\n", await terminal.OutputAsync("chat"));
    }

    [Fact]
    public async Task The_banner_names_model_encodings_context_device_and_memory()
    {
        using var terminal = new TestTerminal();
        Assert.Equal("", await terminal.OutputAsync("chat", "--kv", "q8_0", "--ctx", "1024"));
        string banner = terminal.Error.ToString();
        Assert.Matches(@"(?m)^model +llama4-demo .*11\.4 million parameters, text and pictures$", banner);
        Assert.Matches(@"(?m)^encodings +BF16$", banner);
        Assert.Matches(@"(?m)^context +1,024 tokens$", banner);
        Assert.Matches(@"(?m)^device +\S.*threads?$", banner);
        Assert.Matches(@"(?m)^memory +21\.7 MiB weights, .* keys and values \(Q8_0\); .* free$", banner);
        Assert.All(banner.Split('\n'), line => Assert.Equal(line.TrimStart(), line));
    }

    /// <summary>With a driver that runs nothing.</summary>
    [Fact]
    public void The_banner_says_what_each_of_two_devices_has()
    {
        using var driver = new FakeCuda();
        Emulated.Check(BannerOfTwo, driver.Environment());
    }

    static void BannerOfTwo()
    {
        using var terminal = new TestTerminal();
        Assert.Equal("", terminal.OutputAsync("chat", "--device", "cuda", "--gpu-layers", "2", "--cpu-path", "portable").GetAwaiter().GetResult());
        Assert.Matches(@"(?m)^device +\S.*path portable, \d+ threads?: [\d.]+ MiB of the weights\ndevice +Fake H200: [\d.]+ MiB of the weights$", terminal.Error.ToString());
    }

    [Fact]
    public async Task A_second_turn_knows_the_first()
    {
        using var terminal = new TestTerminal { Input = "Which day comes after Monday?\nSay how are you in Arabic.\n/tokens\n" };
        Assert.Equal("Tuesday comes after Monday.\nكيف حالك؟\n", await terminal.OutputAsync("chat"));
        Assert.Contains("cached)", terminal.Error.ToString());
        Assert.Matches(@"\d+ of 2048 tokens used by 4 messages", terminal.Error.ToString());
    }

    [Fact]
    public async Task Lines_between_three_quotes_are_one_message()
    {
        using var lines = new TestTerminal { Input = "\"\"\"What is\n3 + 4?\"\"\"\n/save lines.json\n\"\"\"\nfirst\n/exit\n\"\"\"\n/save more.json\n" };
        await lines.OutputAsync("chat", "--max-tokens", "4");
        Assert.Equal("What is\n3 + 4?", UserTexts(lines, "lines.json").Single());
        Assert.Equal("first\n/exit", UserTexts(lines, "more.json").Last());
    }

    [Fact]
    public async Task Regen_answers_again_and_clear_forgets()
    {
        using var terminal = new TestTerminal { Input = "What is 3 + 4?\n/regen\n/tokens\n/clear\n/tokens\n/regen\n" };
        Assert.Equal("3 + 4 = 7.\n3 + 4 = 7.\n", await terminal.OutputAsync("chat"));
        string error = terminal.Error.ToString();
        Assert.Matches(@"[1-9]\d* of 2048 tokens used by 2 messages", error);
        Assert.Contains("0 of 2048 tokens used by 0 messages", error);
        Assert.Contains("no message yet to answer again", error);
    }

    [Fact]
    public async Task Exit_ends_before_the_rest_of_the_input()
    {
        using var terminal = new TestTerminal { Input = "/exit\nWhat is 3 + 4?\n" };
        Assert.Equal("", await terminal.OutputAsync("chat"));
    }

    [Fact]
    public async Task Pictures_come_by_command_or_by_dropping_and_go_with_the_next_message()
    {
        string question = "Can you describe how these two images are similar, and how they differ?";
        using var terminal = new TestTerminal { Input = $"/image {Picture("005a.jpg")}\n'{Picture("005b.png")}' {question}\n" };
        Assert.StartsWith(
            "The first image shows a small pink triangle on a black background. The second image shows a large pink star",
            await terminal.OutputAsync("chat"));
        Assert.Contains("[picture 005b.png, 112 x 112, goes with the next message]", terminal.Error.ToString());
    }

    [Fact]
    public async Task Read_sends_a_file()
    {
        using var terminal = new TestTerminal { Input = "/read question.txt\n/read gone.txt\n" };
        terminal.Folder.Write("question.txt", "What is 3 + 4?");
        Assert.Equal("3 + 4 = 7.\n", await terminal.OutputAsync("chat"));
        Assert.Contains("gone.txt: there is no such file", terminal.Error.ToString());
    }

    [Fact]
    public async Task Set_changes_the_next_answers_and_show_tells()
    {
        using var terminal = new TestTerminal
        {
            Input = "/set max_tokens 2\nWhat is the capital of France?\n/system Be kind.\n/set stop \n/show\n"
                + "/set max-tokens many\n/set temprature 1\n/set\n",
        };
        Assert.Equal("The capital\n", await terminal.OutputAsync("chat"));
        string error = terminal.Error.ToString();
        Assert.Matches(@"(?m)^max-tokens +2$", error);
        Assert.Matches(@"(?m)^system +Be kind\.$", error);
        Assert.Contains("write /set stop TEXT", error);
        Assert.Contains("/set max-tokens: found 'many'", error);
        Assert.Contains("temprature cannot be set here, did you mean temperature?", error);
        Assert.Matches(@"(?m)^top-k +Only the K", error);
    }

    [Theory]
    [InlineData("/regne", "there is no command /regne, did you mean /regen?")]
    [InlineData("/frobnicate", "there is no command /frobnicate; /help lists them")]
    [InlineData("/help", "/system TEXT")]
    [InlineData("/save", "write /save FILE")]
    [InlineData("/image gone.png", "gone.png: the image cannot be read")]
    [InlineData("/load gone.json", "gone.json: there is no such file")]
    public async Task Commands_answer_on_standard_error(string line, string message)
    {
        using var terminal = new TestTerminal { Input = line + "\n" };
        Assert.Equal("", await terminal.OutputAsync("chat"));
        Assert.Contains(message, terminal.Error.ToString());
    }

    [Fact]
    public async Task A_path_is_not_taken_for_a_command()
    {
        using var terminal = new TestTerminal { Input = "/usr/bin is what?\n" };
        Assert.NotEqual("", await terminal.OutputAsync("chat", "--max-tokens", "3"));
        Assert.DoesNotContain("no command", terminal.Error.ToString());
    }

    [Fact]
    public async Task A_message_that_does_not_fit_is_taken_back_and_the_session_goes_on()
    {
        using var terminal = new TestTerminal { Input = $"{string.Concat(Enumerable.Repeat("word ", 3000))}\nWhat is 3 + 4?\n/tokens\n" };
        Assert.Equal("3 + 4 = 7.\n", await terminal.OutputAsync("chat"));
        Assert.Contains("exceeds the available context", terminal.Error.ToString());
        Assert.Contains("used by 2 messages", terminal.Error.ToString());
    }

    [Fact]
    public async Task Ctrl_C_stops_the_answer_and_keeps_the_session()
    {
        var output = new WatchedWriter();
        using var terminal = new TestTerminal { OtherOut = output, Input = "Write a short story about a owl.\nWhat is 3 + 4?\n/tokens\n" };
        output.OnText = () =>
        {
            output.OnText = () => { };
            terminal.Interrupts.Signal();
        };
        Assert.Equal(0, await terminal.RunAsync("chat"));
        Assert.Contains("[stopped]", terminal.Error.ToString());
        Assert.StartsWith("Once", output.Text);
        Assert.DoesNotContain("The end.", output.Text);
        Assert.EndsWith("\n3 + 4 = 7.\n", output.Text);
        Assert.Contains("used by 4 messages", terminal.Error.ToString());
        Assert.Empty(terminal.Exits);
    }

    [Fact]
    public async Task Ctrl_C_before_the_first_word_takes_the_question_back()
    {
        using var terminal = new TestTerminal();
        using Core.Llama llama = await Core.Llama.LoadAsync(cancel: TestContext.Current.CancellationToken);
        var session = new ChatSession(terminal.Terminal, llama, new Settings());
        session.Conversation.AddUser("Write a short story about a owl.");
        Task answering = session.AnswerAsync();     // the prompt is made on another thread, so this comes first
        terminal.Interrupts.Signal();
        await answering;
        Assert.Equal(terminal.Out.ToString().Length == 0, session.Conversation.IsEmpty);
        Assert.Contains("[stopped]", terminal.Error.ToString());
    }

    [Fact]
    public async Task On_a_terminal_keys_make_the_conversation_and_Ctrl_D_ends_it()
    {
        using var terminal = new TestTerminal
        {
            IsTerminal = true,
            Keyboard = new ScriptedKeyboard("What is 3 * 4?\u007f\u007f\u007f\u007f+ 4?\r\u0004"),
        };
        Assert.Equal("3 + 4 = 7.\n", await terminal.OutputAsync());
        Assert.Contains("Type a message.", terminal.Error.ToString());
    }

    [Fact]
    public async Task A_pasted_text_is_a_message_even_when_it_looks_like_a_command()
    {
        using var terminal = new TestTerminal
        {
            IsTerminal = true,
            Keyboard = new ScriptedKeyboard("\e[200~/exit\rnow\e[201~\r/save pasted.json\r\u0004"),
        };
        await terminal.OutputAsync("chat", "--max-tokens", "2");
        Assert.Equal("/exit\nnow", UserTexts(terminal, "pasted.json").Single());
    }

    static IEnumerable<string> UserTexts(TestTerminal terminal, string file)
    {
        JsonNode saved = JsonNode.Parse(File.ReadAllText(terminal.Folder[file]))!;
        return saved["messages"]!.AsArray().Where(message => (string?)message!["role"] == "user").Select(message => (string)message!["content"]!);
    }
}
