using System.CommandLine;
using System.CommandLine.Help;
using Llama4.Cli.Commands;
using Llama4.Cli.Configuration;
using Llama4.Cli.Interaction;

namespace Llama4.Cli;

/// <summary>All commands and their options.</summary>
internal static class CommandTree
{
    public const string ShortHelp = """
        llama4 talks to Llama 4 models about text and pictures, on this computer.
          try it     llama4 run "What is the capital of France?"
          commands   chat, run, inspect, tokenize, eval, verify, bench, doctor, completion
          models     --model FILE.gguf or --model FOLDER; without it, a small demo model answers
          more       llama4 COMMAND --help
        """;

    public static RootCommand Create(Terminal terminal)
    {
        var options = new CommandOptions();
        var root = new RootCommand("Talks to Llama 4 models about text and pictures. Without a command: chat, in a terminal.")
        {
            ChatCommand.Create(terminal, options),
            RunCommand.Create(terminal, options),
            InspectCommand.Create(terminal, options),
            TokenizeCommand.Create(terminal, options),
            EvalCommand.Create(terminal, options),
            VerifyCommand.Create(terminal, options),
            BenchCommand.Create(terminal, options),
            DoctorCommand.Create(terminal, options),
            CompletionCommand.Create(terminal),
        };
        options.AddTo(root, [.. SettingList.Loading, .. SettingList.Answering]);
        root.Options.OfType<VersionOption>().Single().Action = new VersionAction(terminal);
        root.SetAction((line, _) => Default(line, terminal, options));
        return root;
    }

    static Task<int> Default(ParseResult line, Terminal terminal, CommandOptions options)
    {
        if (terminal.InIsTerminal && terminal.OutIsTerminal) return ChatCommand.RunAsync(line, terminal, options);
        terminal.Out.WriteLine(ShortHelp);
        return Task.FromResult(line.Tokens.Count == 0 ? ExitCode.Ok : ExitCode.Usage);
    }
}
