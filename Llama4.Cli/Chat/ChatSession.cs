using Llama4.Cli.Commands;
using Llama4.Cli.Configuration;
using Llama4.Cli.Interaction;
using Llama4.Cli.Output;
using Llama4.Core;
using Llama4.Core.Generation;

namespace Llama4.Cli.Chat;

/// <summary>A conversation with a loaded model: reads, answers, obeys commands, until the end of the input.</summary>
internal sealed class ChatSession
{
    readonly Terminal terminal;
    readonly Llama llama;
    readonly InputReader input;
    readonly ChatCommands commands;

    public ChatSession(Terminal terminal, Llama llama, Settings settings)
    {
        this.terminal = terminal;
        this.llama = llama;
        Settings = settings;
        Conversation = new Conversation { System = settings.System };
        input = new InputReader(terminal);
        commands = new ChatCommands(this, terminal, llama);
    }

    public Conversation Conversation { get; }

    public Settings Settings { get; set; }

    public async Task RunAsync()
    {
        // A Ctrl-C that comes just when an answer has ended is meant for the answer, not for the session.
        using Interrupts.Scope session = terminal.Interrupts.Begin();
        while (input.Read() is { Text: string text } line)
        {
            try
            {
                if (line.WasPasted ? await SayAsync(text) : await TakeAsync(text)) continue;
                return;
            }
            catch (Exception e) when (e is UsageException or InvalidRequestException or IOException or UnauthorizedAccessException)
            {
                // The user can put it right; a pipe without a reader cannot be put right.
                if (e is IOException { HResult: Application.BrokenPipe }) throw;
                terminal.Error.WriteLine(e is InvalidRequestException wrong ? SettingList.InFlags(wrong) : e.Message);
            }
        }
    }

    /// <summary>Answers the conversation as it stands. When that cannot be done, the user's message is taken back.</summary>
    public async Task AnswerAsync()
    {
        using Interrupts.Scope work = terminal.Interrupts.Begin();
        var answer = new System.Text.StringBuilder();
        Completion? whole = null;
        bool isStopped = false;
        try
        {
            await foreach (Piece piece in llama.ChatAsync(Conversation.Messages, AnswerOptions.Of(Settings), work.Token))
            {
                whole = piece.Completion;
                answer.Append(piece.Text);
                terminal.Out.Write(piece.Text);
                terminal.Out.Flush();
            }
        }
        catch (OperationCanceledException) when (work.Token.IsCancellationRequested)
        {
            isStopped = true;   // that is what Ctrl-C asks for; the session goes on
        }
        catch (InvalidRequestException)
        {
            Conversation.TakeBackUser();
            throw;
        }
        if (answer.Length > 0 && answer[^1] != '\n') terminal.Out.WriteLine();
        terminal.Out.Flush();
        // A stopped answer stays in the conversation as far as it came, so that the next message can refer to it. Where nothing came,
        // the question goes too: templates want turns.
        if (isStopped && answer.Length == 0) Conversation.TakeBackUser();
        else Conversation.AddAssistant(answer.ToString());
        if (isStopped) terminal.Error.WriteLine("[stopped]");
        if (whole is not null) AnswerStats.Write(whole, terminal);
    }

    /// <summary>A line as typed: a command, or a message with paths of pictures in it. False ends the session.</summary>
    async Task<bool> TakeAsync(string line)
    {
        if (string.IsNullOrWhiteSpace(line)) return true;
        if (commands.IsKnown(line)) return await commands.RunAsync(line);
        (string text, IReadOnlyList<string> paths) = DroppedPictures.Find(line, path => File.Exists(terminal.FullPath(path)));
        if (paths.Count == 0 && commands.LooksLikeOne(line)) return await commands.RunAsync(line);

        foreach (string path in paths) Attach(path);
        return text.Length == 0 || await SayAsync(text);
    }

    async Task<bool> SayAsync(string text)
    {
        if (string.IsNullOrWhiteSpace(text)) return true;
        Conversation.AddUser(text.TrimEnd('\n'));
        await AnswerAsync();
        return true;
    }

    /// <summary>Reads a picture for the next message.</summary>
    public void Attach(string path)
    {
        PictureFile picture = PictureFile.Load(terminal.FullPath(path));
        Conversation.Attach(picture);
        terminal.Error.WriteLine($"[picture {Path.GetFileName(picture.Path)}, {picture.Image.Width} x {picture.Image.Height}, goes with the next message]");
    }
}
