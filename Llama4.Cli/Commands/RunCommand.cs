using System.CommandLine;
using Llama4.Cli.Configuration;
using Llama4.Cli.Interaction;
using Llama4.Cli.Loading;
using Llama4.Cli.Output;
using Llama4.Core;
using Llama4.Core.Chat;
using Llama4.Core.Generation;
using Llama4.Core.Images;

namespace Llama4.Cli.Commands;

/// <summary>Answers one prompt: the answer goes to standard output, everything else to standard error.</summary>
internal static class RunCommand
{
    public static Command Create(Terminal terminal, CommandOptions options)
    {
        var prompt = new Argument<string?>("prompt")
        {
            Arity = ArgumentArity.ZeroOrOne,
            Description = "The prompt. Piped standard input is appended to it.",
        };
        var images = new Option<string[]>("--image")
        {
            HelpName = "FILE",
            Description = "A picture (PNG, JPEG, BMP, GIF). May be given several times.",
        };
        var command = new Command("run", "Answer one prompt.") { prompt, images };
        options.AddTo(command, SettingList.All);
        command.SetAction(async (line, _) =>
        {
            if (SettingsOf.Command(line, options, terminal) is not Settings settings) return ExitCode.Ok;
            // Pictures first: a wrong name should not wait for the model.
            ContentPart[] pictures = [.. (line.GetValue(images) ?? []).Select(file => new ImagePart(RgbImage.Load(terminal.FullPath(file))))];
            using Interrupts.Scope work = terminal.Interrupts.Begin();
            Task<string> text = PipedInput.CompleteAsync(line.GetValue(prompt), terminal, work.Token);
            using Llama llama = await ModelLoader.LoadAsync(settings, terminal, work.Token);
            ChatMessage user = pictures.Length == 0 ? ChatMessage.User(await text) : ChatMessage.User([.. pictures, new TextPart(await text)]);
            await AnswerAsync(llama, [.. SystemMessage(settings), user], settings, terminal, work.Token);
            return ExitCode.Ok;
        });
        return command;
    }

    static IEnumerable<ChatMessage> SystemMessage(Settings settings) => settings.System is null ? [] : [ChatMessage.System(settings.System)];

    static async Task AnswerAsync(Llama llama, ChatMessage[] messages, Settings settings, Terminal terminal, CancellationToken cancel)
    {
        Completion? answer = null;
        bool isLineOpen = false;
        try
        {
            await foreach (Piece piece in llama.ChatAsync(messages, AnswerOptions.Of(settings), cancel))
            {
                answer = piece.Completion;
                if (settings.Json || piece.Text.Length == 0) continue;
                terminal.Out.Write(piece.Text);
                terminal.Out.Flush();
                isLineOpen = piece.Text[^1] != '\n';
            }
        }
        finally
        {
            if (isLineOpen) terminal.Out.WriteLine();
        }
        if (settings.Json) JsonOutput.Write(AnswerStats.Json(answer!, llama.Checkpoint.Path), terminal);
        terminal.Out.Flush();
        AnswerStats.Write(answer!, terminal);
    }
}
