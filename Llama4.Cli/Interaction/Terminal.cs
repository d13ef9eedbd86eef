namespace Llama4.Cli.Interaction;

/// <summary>Everything a command sees of the world around it, so that tests can put something else there.</summary>
internal sealed class Terminal
{
    /// <summary>Text of the model, or the output asked for, and nothing else. Control characters are dropped on a terminal.</summary>
    public required TextWriter Out { get; init; }

    /// <summary>Progress, banner, figures, warnings and errors. Control characters are dropped on a terminal.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>Standard input while it is not a terminal.</summary>
    public required TextReader In { get; init; }

    /// <summary>The same streams for what the program itself composes of escape sequences; never for text of a model, file or user.</summary>
    public required TextWriter RawOut { get; init; }

    public required TextWriter RawError { get; init; }

    /// <summary>The keyboard, where standard input and standard error are a terminal that understands escape sequences.</summary>
    public IKeyboard? Keyboard { get; init; }

    public bool InIsTerminal { get; init; }

    public bool OutIsTerminal { get; init; }

    public bool ErrorIsTerminal { get; init; }

    public required IReadOnlyDictionary<string, string> Variables { get; init; }

    /// <summary>Folder that relative paths start from.</summary>
    public required string Folder { get; init; }

    /// <summary>Folder of the user's settings, or empty where the system names none.</summary>
    public required string SettingsFolder { get; init; }

    public required Interrupts Interrupts { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Columns and rows of the terminal's window.</summary>
    public Func<(int Columns, int Rows)> Size { get; init; } = () => (80, 24);

    /// <summary>Whether escape sequences may go to standard error: not where NO_COLOR is set.</summary>
    public bool StyleError => ErrorIsTerminal && !IsPlain;

    public bool StyleOut => OutIsTerminal && !IsPlain;

    bool IsPlain => Variables.GetValueOrDefault("NO_COLOR") is { Length: > 0 } || Variables.GetValueOrDefault("TERM") == "dumb";

    /// <summary>A path as the user wrote it, made absolute; a leading ~ is the home folder where no shell has replaced it.</summary>
    public string FullPath(string path)
    {
        if ((path == "~" || path.StartsWith("~/", StringComparison.Ordinal)) && Variables.GetValueOrDefault("HOME") is { Length: > 0 } home)
            path = home + path[1..];
        return Path.GetFullPath(path, Folder);
    }
}
