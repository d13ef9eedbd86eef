using System.CommandLine;
using Llama4.Cli.Chat;
using Llama4.Cli.Configuration;
using Llama4.Cli.Interaction;
using Llama4.Cli.Loading;
using Llama4.Cli.Output;
using Llama4.Core;

namespace Llama4.Cli.Commands;

/// <summary>Talks with a model until the user leaves.</summary>
internal static class ChatCommand
{
    public static Command Create(Terminal terminal, CommandOptions options)
    {
        var command = new Command("chat", "Talk with a model.");
        options.AddTo(command, [.. SettingList.Loading, .. SettingList.Answering]);
        command.SetAction((line, _) => RunAsync(line, terminal, options));
        return command;
    }

    public static async Task<int> RunAsync(ParseResult line, Terminal terminal, CommandOptions options)
    {
        if (SettingsOf.Command(line, options, terminal) is not Settings settings) return ExitCode.Ok;
        using Llama llama = await LoadAsync(settings, terminal);
        Banner.Write(llama, settings, terminal);
        if (terminal.InIsTerminal) terminal.Error.WriteLine("Type a message. /help lists commands, Ctrl-C stops an answer, Ctrl-D leaves.");
        await new ChatSession(terminal, llama, settings).RunAsync();
        return ExitCode.Ok;
    }

    static async Task<Llama> LoadAsync(Settings settings, Terminal terminal)
    {
        using Interrupts.Scope work = terminal.Interrupts.Begin();
        return await ModelLoader.LoadAsync(settings, terminal, work.Token);
    }
}
