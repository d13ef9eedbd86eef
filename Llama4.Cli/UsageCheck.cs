using System.CommandLine;
using System.CommandLine.Parsing;

namespace Llama4.Cli;

/// <summary>Puts what is wrong with a command line into words, with the nearest right ones.</summary>
internal static class UsageCheck
{
    /// <summary>Null when nothing is wrong.</summary>
    public static string? Problem(ParseResult line)
    {
        // [suggest] asks what may come next in a line that is not finished.
        if (line.Tokens.Any(token => token.Type == TokenType.Directive)) return null;
        Command command = line.CommandResult.Command;
        string name = command is RootCommand ? "llama4" : "llama4 " + command.Name;
        string? problem = UnknownOption(line, command) ?? UnknownWord(line, command) ?? line.Errors.FirstOrDefault()?.Message;
        return problem is null ? null : $"llama4: {problem}\nTry {name} --help.";
    }

    /// <summary>The parser takes an unknown option for an argument; somebody who writes one means an option.</summary>
    static string? UnknownOption(ParseResult line, Command command)
    {
        IEnumerable<string> arguments = line.CommandResult.Children.OfType<ArgumentResult>()
            .SelectMany(result => result.Tokens).Select(token => token.Value);
        HashSet<string> afterDashes = [.. line.Tokens.SkipWhile(token => token.Type != TokenType.DoubleDash).Select(token => token.Value)];
        foreach (string word in arguments.Concat(line.UnmatchedTokens))
            if (word.Length > 1 && word[0] == '-' && !word.Any(char.IsWhiteSpace) && !char.IsDigit(word[1]) && !afterDashes.Contains(word))
            {
                string option = word.Split('=')[0];
                string? nearest = Suggestion.Nearest(option, command.Options.Where(o => !o.Hidden).Select(o => o.Name));
                return $"there is no option {option}{(nearest is null ? "" : $", did you mean {nearest}?")}";
            }
        return null;
    }

    static string? UnknownWord(ParseResult line, Command command)
    {
        if (line.UnmatchedTokens.FirstOrDefault() is not string word) return null;
        if (command.Subcommands.Count == 0)
            return $"'{word}' is one argument too many{(command.Arguments.Count > 0 ? "; put texts with spaces in quotes" : "")}";
        string? nearest = Suggestion.Nearest(word, command.Subcommands.Select(c => c.Name));
        return $"there is no command {word}{(nearest is null ? "; to ask a model: llama4 run \"" + word + "\"" : $", did you mean {nearest}?")}";
    }
}
