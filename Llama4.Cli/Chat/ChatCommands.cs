using System.Globalization;
using Llama4.Cli.Commands;
using Llama4.Cli.Configuration;
using Llama4.Cli.Interaction;
using Llama4.Cli.Output;
using Llama4.Core;

namespace Llama4.Cli.Chat;

/// <summary>The commands of a chat: lines that start with a slash.</summary>
internal sealed class ChatCommands(ChatSession session, Terminal terminal, Llama llama)
{
    const string Help = """
        /image FILE     a picture for the next message (or drop the file here)
        /read FILE      send a text file as a message
        /regen          answer the last message again
        /clear          forget the conversation; the system message stays
        /system TEXT    set the system message (without TEXT: none)
        /set NAME VALUE change a setting for the next answers (/set lists them)
        /show           the model, the settings and the conversation's size
        /tokens         tokens of the conversation and of the context
        /save FILE      write the conversation as JSON
        /load FILE      continue a saved conversation
        /exit           leave (Ctrl-D as well)
        Several lines: begin and end with three double quotes, or paste them. Ctrl-C stops an answer.
        """;

    static readonly string[] names =
    [
        "/help", "/image", "/read", "/regen", "/clear", "/system", "/set", "/show", "/tokens", "/save", "/load", "/exit", "/bye", "/quit", "/?",
    ];

    /// <summary>Settings that an answer depends on and that may change between two.</summary>
    static readonly Setting[] changeable = [.. SettingList.Answering.Where(setting => setting != SettingList.System)];

    public bool IsKnown(string line) => names.Contains(Split(line).Name);

    /// <summary>A slash and a word; a path with more slashes is none.</summary>
    public bool LooksLikeOne(string line) => Split(line).Name is ['/', .. string word] && !word.Contains('/');

    /// <summary>False ends the session.</summary>
    /// <exception cref="UsageException">There is no such command, or its argument is wrong.</exception>
    public async Task<bool> RunAsync(string line)
    {
        (string name, string argument) = Split(line);
        switch (name)
        {
            case "/help" or "/?": terminal.Error.WriteLine(Help); break;
            case "/exit" or "/bye" or "/quit": return false;
            case "/image": session.Attach(Required(name, argument, "FILE")); break;
            case "/read": await ReadAsync(Required(name, argument, "FILE")); break;
            case "/regen": await RegenerateAsync(); break;
            case "/clear":
                session.Conversation.Clear();
                terminal.Error.WriteLine("[forgotten]");
                break;
            case "/system":
                session.Conversation.System = argument.Length == 0 ? null : argument;
                terminal.Error.WriteLine(argument.Length == 0 ? "[no system message]" : "[system message set]");
                break;
            case "/set": Set(argument); break;
            case "/show": Show(); break;
            case "/tokens": ShowTokens(); break;
            case "/save":
                ConversationFile.Save(session.Conversation, FilePath(Required(name, argument, "FILE")));
                terminal.Error.WriteLine($"[saved {session.Conversation.Messages.Count} messages]");
                break;
            case "/load":
                ConversationFile.Load(session.Conversation, FilePath(Required(name, argument, "FILE")));
                terminal.Error.WriteLine($"[loaded {session.Conversation.Messages.Count} messages]");
                break;
            default:
                string? nearest = Suggestion.Nearest(name, names);
                throw new UsageException($"there is no command {name}{(nearest is null ? "; /help lists them" : $", did you mean {nearest}?")}");
        }
        return true;
    }

    async Task ReadAsync(string file)
    {
        const long Largest = 16 << 20;
        string path = FilePath(file);
        if (!File.Exists(path)) throw new UsageException($"{path}: there is no such file");
        if (new FileInfo(path).Length > Largest) throw new UsageException($"{path}: {new FileInfo(path).Length} bytes, at most {Largest}");
        session.Conversation.AddUser(File.ReadAllText(path));
        await session.AnswerAsync();
    }

    async Task RegenerateAsync()
    {
        if (!session.Conversation.TakeBackAnswer()) throw new UsageException("there is no message yet to answer again");
        await session.AnswerAsync();
    }

    void Set(string argument)
    {
        if (argument.Length == 0)
        {
            var table = new TextTable("setting", "what it does");
            foreach (Setting setting in changeable) table.Add(setting.Name, setting.Help);
            terminal.Error.Write(table);
            return;
        }
        (string name, string value) = Split(argument);
        Setting? chosen = changeable.FirstOrDefault(setting => setting.Name == name.Replace('_', '-'));
        if (chosen is null)
        {
            string? nearest = Suggestion.Nearest(name, changeable.Select(setting => setting.Name));
            throw new UsageException($"{name} cannot be set here{(nearest is null ? "; /set lists what can" : $", did you mean {nearest}?")}");
        }
        string text = Required($"/set {name}", value, chosen.ValueName);
        session.Settings = SettingsReader.Apply(session.Settings, new SettingValue(chosen, [text], $"/set {name}"));
        terminal.Error.WriteLine($"[{chosen.Name} = {value}]");
    }

    void Show()
    {
        Banner.Write(llama, session.Settings, terminal);
        var table = new TextTable("setting", "value");
        Settings settings = session.Settings;
        table.Add("temperature", Text(settings.Temperature));
        table.Add("top-p", Text(settings.TopP));
        table.Add("top-k", Text(settings.TopK));
        table.Add("min-p", Text(settings.MinP));
        table.Add("seed", Text(settings.Seed));
        table.Add("max-tokens", Text(settings.MaxTokens));
        table.Add("stop", settings.Stop.Count == 0 ? Text(null) : OneLine.Of(string.Join(" | ", settings.Stop)));
        table.Add("system", OneLine.Of(session.Conversation.System ?? Text(null)));
        terminal.Error.Write(table);
        ShowTokens();

        static string Text(IFormattable? value) => value?.ToString(null, CultureInfo.InvariantCulture) ?? "(not set)";
    }

    void ShowTokens()
    {
        int used = session.Conversation.IsEmpty ? 0 : llama.GetPromptIds(session.Conversation.Messages, AnswerOptions.Of(session.Settings)).Count;
        terminal.Error.WriteLine($"{used} of {llama.ContextSize} tokens used by {session.Conversation.Messages.Count} messages");
    }

    string FilePath(string argument) => terminal.FullPath(argument is ['"', .., '"'] or ['\'', .., '\''] ? argument[1..^1] : argument);

    static string Required(string command, string argument, string what) =>
        argument.Length > 0 ? argument : throw new UsageException($"write {command} {what}");

    static (string Name, string Argument) Split(string line)
    {
        string[] parts = line.Trim().Split((char[])[' ', '\t'], 2);
        return (parts[0], parts.Length > 1 ? parts[1].Trim() : "");
    }
}
