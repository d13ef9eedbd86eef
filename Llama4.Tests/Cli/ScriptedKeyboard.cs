using Llama4.Cli.Interaction;

namespace Llama4.Tests.Cli;

/// <summary>
/// Keys from a list. Text is typed as it is; \r is Enter, U+0003 Ctrl-C and so on; an escape sequence that the console knows becomes
/// its key, any other comes as Alt-[ and its characters, as .NET's console gives it.
/// </summary>
sealed class ScriptedKeyboard(string keys) : IKeyboard
{
    static readonly Dictionary<string, ConsoleKey> known = new()
    {
        ["\e[A"] = ConsoleKey.UpArrow,
        ["\e[B"] = ConsoleKey.DownArrow,
        ["\e[C"] = ConsoleKey.RightArrow,
        ["\e[D"] = ConsoleKey.LeftArrow,
        ["\e[H"] = ConsoleKey.Home,
        ["\e[F"] = ConsoleKey.End,
        ["\e[3~"] = ConsoleKey.Delete,
    };

    int next;

    public bool HasKey => next < keys.Length;

    public bool IsOpen { get; private set; }

    public void Open() => IsOpen = true;

    public void Close() => IsOpen = false;

    public ConsoleKeyInfo Read()
    {
        if (!HasKey) throw new InvalidOperationException("the editor reads on after the last key");
        Assert.True(IsOpen);
        foreach ((string sequence, ConsoleKey key) in known)
            if (keys.AsSpan(next).StartsWith(sequence))
            {
                next += sequence.Length;
                return new ConsoleKeyInfo('\0', key, false, false, false);
            }
        char c = keys[next++];
        if (c == '\e' && next < keys.Length && keys[next] == '[') return new ConsoleKeyInfo(keys[next++], ConsoleKey.None, false, alt: true, false);
        return c switch
        {
            '\r' => new ConsoleKeyInfo(c, ConsoleKey.Enter, false, false, false),
            '\u007f' => new ConsoleKeyInfo(c, ConsoleKey.Backspace, false, false, false),
            >= '\u0001' and <= '\u001a' => new ConsoleKeyInfo(c, ConsoleKey.A + (c - 1), false, false, control: true),
            _ => new ConsoleKeyInfo(c, ConsoleKey.None, false, false, false),
        };
    }
}
