using System.CommandLine;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.Unicode;
using Llama4.Cli.Configuration;
using Llama4.Cli.Interaction;
using Llama4.Cli.Loading;
using Llama4.Cli.Output;
using Llama4.Core.Formats;
using Llama4.Core.Tokenization;

namespace Llama4.Cli.Commands;

/// <summary>Shows how a text is cut into tokens, or checks a list of texts whose tokens are known.</summary>
internal static class TokenizeCommand
{
    public static Command Create(Terminal terminal, CommandOptions options)
    {
        var text = new Argument<string?>("text") { Arity = ArgumentArity.ZeroOrOne, Description = "The text. Default: standard input." };
        var jsonl = new Option<string>("--jsonl")
        {
            HelpName = "FILE",
            Description = "Check lines {\"text\": …, \"ids\": […]}: print each difference, end with N of M equal.",
        };
        var command = new Command("tokenize", "Show the tokens of a text. --model may name a tokenizer.json or tokenizer.model as well.")
        {
            text, jsonl,
        };
        options.AddTo(command, SettingList.Model, SettingList.Json);
        command.SetAction(line =>
        {
            if (SettingsOf.Command(line, options, terminal) is not Settings settings) return ExitCode.Ok;
            string? list = line.GetValue(jsonl), given = line.GetValue(text);
            if (list is not null && given is not null) throw new UsageException("give either a text or --jsonl, not both");
            Llama4Tokenizer tokenizer = Open(settings, terminal);
            if (list is not null) return Check(terminal.FullPath(list), tokenizer, settings.Json, terminal);
            Show(given ?? terminal.In.ReadToEnd(), tokenizer, settings.Json, terminal);
            return ExitCode.Ok;
        });
        return command;
    }

    static Llama4Tokenizer Open(Settings settings, Terminal terminal)
    {
        string path = ModelPath.Of(settings, terminal);
        if (File.Exists(path) && TokenizerFile.IsOne(path)) return new Llama4Tokenizer(TokenizerFile.Read(path));
        using Checkpoint checkpoint = Checkpoint.Open(path);
        return new Llama4Tokenizer(checkpoint.Tokenizer);
    }

    /// <summary>A line for each token: its id and its text.</summary>
    static void Show(string text, Llama4Tokenizer tokenizer, bool json, Terminal terminal)
    {
        int[] ids = tokenizer.Encode(text);
        if (json)
        {
            JsonOutput.Write(new JsonObject
            {
                ["text"] = text,
                ["ids"] = Array(ids),
                ["tokens"] = new JsonArray([.. ids.Select(id => (JsonNode)tokenizer.Decode([id]))]),
            }, terminal);
            return;
        }
        foreach (int id in ids) terminal.Out.WriteLine($"{id}\t{Quoted(tokenizer.GetBytes(id))}");
        terminal.Error.WriteLine($"{ids.Length} tokens");
    }

    /// <summary>The text as JSON writes it, or hexadecimal bytes where a token is only a part of a character.</summary>
    static string Quoted(ReadOnlySpan<byte> bytes) =>
        Utf8.IsValid(bytes) ? JsonOutput.Text(Encoding.UTF8.GetString(bytes)) : $"<{Convert.ToHexString(bytes)}>";

    static int Check(string path, Llama4Tokenizer tokenizer, bool json, Terminal terminal)
    {
        var tally = new Tally();
        var differences = new JsonArray();
        foreach ((int number, JsonObject entry) in JsonLines.Read(path))
        {
            string text = JsonLines.Text(entry, "text", path, number);
            int[] expected = [.. JsonLines.Array(entry, "ids", path, number).Select(node => JsonLines.Int(node, path, number))];
            int[] found = tokenizer.Encode(text);
            bool equal = found.AsSpan().SequenceEqual(expected);
            tally.Add(equal);
            if (equal) continue;
            if (json)
            {
                differences.Add(new JsonObject { ["line"] = number, ["text"] = text, ["expected"] = Array(expected), ["found"] = Array(found) });
                continue;
            }
            terminal.Out.WriteLine($"line {number}: {OneLine.Of(text, 60)}");
            terminal.Out.WriteLine($"  expected {string.Join(' ', expected)}\n  found    {string.Join(' ', found)}");
        }
        if (tally.Count == 0) throw new UsageException($"{path}: holds no lines");
        if (json) JsonOutput.Write(tally.Json(differences), terminal);
        else terminal.Out.WriteLine(tally);
        return tally.Equal == tally.Count ? ExitCode.Ok : ExitCode.Failed;
    }

    static JsonArray Array(int[] ids) => new([.. ids.Select(id => (JsonNode)id)]);
}
