using System.Text;

namespace Llama4.Cli.Interaction;

/// <summary>
/// Reads lines from a keyboard: cursor keys, history, the usual Ctrl keys, and bracketed paste, by which the terminal marks pasted
/// text so that its line breaks do not send the line.
/// </summary>
internal sealed class LineEditor(Terminal terminal, IKeyboard keyboard)
{
    readonly List<string> history = [];

    /// <summary>Reads a line. Ctrl-D on an empty line ends the input; Ctrl-C empties the line, or counts as an interrupt when it is empty.</summary>
    public LineInput Read(string prompt)
    {
        var line = new LineBuffer();
        var view = new LineView(terminal.RawError, prompt, terminal.Size);
        int historyIndex = history.Count;
        bool wasPasted = false;
        keyboard.Open();
        try
        {
            while (true)
            {
                view.Draw(line.Text, line.Cursor);
                ConsoleKeyInfo key = keyboard.Read();
                bool control = key.Modifiers.HasFlag(ConsoleModifiers.Control);
                if (!(control && key.Key == ConsoleKey.C)) terminal.Interrupts.Reset();
                switch (key.Key)
                {
                    case ConsoleKey.C when control:
                        if (line.Text.Length == 0) InterruptEmptyLine(view);
                        line.Set("");
                        break;
                    case ConsoleKey.D when control && line.Text.Length == 0:
                        view.Finish("");
                        return new LineInput(null);
                    case ConsoleKey.Enter when !control:
                        view.Finish(line.Text);
                        if (line.Text.Trim().Length > 0 && (history.Count == 0 || history[^1] != line.Text)) history.Add(line.Text);
                        return new LineInput(line.Text, wasPasted);
                    case ConsoleKey.UpArrow when historyIndex > 0:
                        line.Set(history[--historyIndex]);
                        break;
                    case ConsoleKey.DownArrow when historyIndex < history.Count:
                        line.Set(++historyIndex == history.Count ? "" : history[historyIndex]);
                        break;
                    case ConsoleKey.L when control:
                        terminal.RawError.Write("\e[H\e[2J");
                        view = new LineView(terminal.RawError, prompt, terminal.Size);
                        break;
                    default:
                        if (StartsSequence(key)) wasPasted |= ReadSequence(line);
                        else Edit(line, key, control);
                        break;
                }
            }
        }
        finally
        {
            keyboard.Close();
        }
    }

    void InterruptEmptyLine(LineView view)
    {
        view.Finish("");
        terminal.Interrupts.Press();
        terminal.Error.WriteLine("Ctrl-C once more, Ctrl-D or /exit leaves.");
    }

    static void Edit(LineBuffer line, ConsoleKeyInfo key, bool control)
    {
        switch (key.Key)
        {
            case ConsoleKey.Backspace: line.DeleteBefore(); break;
            case ConsoleKey.H when control: line.DeleteBefore(); break;
            case ConsoleKey.Delete: line.DeleteAfter(); break;
            case ConsoleKey.D when control: line.DeleteAfter(); break;
            case ConsoleKey.LeftArrow: line.Left(); break;
            case ConsoleKey.B when control: line.Left(); break;
            case ConsoleKey.RightArrow: line.Right(); break;
            case ConsoleKey.F when control: line.Right(); break;
            case ConsoleKey.Home: line.Home(); break;
            case ConsoleKey.A when control: line.Home(); break;
            case ConsoleKey.End: line.End(); break;
            case ConsoleKey.E when control: line.End(); break;
            case ConsoleKey.U when control: line.DeleteToHome(); break;
            case ConsoleKey.K when control: line.DeleteToEnd(); break;
            case ConsoleKey.W when control: line.DeleteWordBefore(); break;
            default:
                if (!char.IsControl(key.KeyChar)) line.Insert(key.KeyChar.ToString());
                break;
        }
    }

    /// <summary>ESC [ that the console has not made a key of: it comes as Escape and [, or as Alt-[.</summary>
    bool StartsSequence(ConsoleKeyInfo key)
    {
        if (key.KeyChar == '[' && key.Modifiers.HasFlag(ConsoleModifiers.Alt)) return true;
        if (key.Key != ConsoleKey.Escape || !keyboard.HasKey) return false;
        return keyboard.Read().KeyChar == '[';
    }

    /// <summary>The rest of an escape sequence; the start of a paste is the only one with a meaning here. Returns whether it was one.</summary>
    bool ReadSequence(LineBuffer line)
    {
        var sequence = new StringBuilder();
        do sequence.Append(keyboard.Read().KeyChar);
        while (sequence[^1] is < '@' or > '~' && sequence.Length < 32);
        if (sequence.ToString() != "200~") return false;

        string pasted = ReadUntilPasteEnd().ReplaceLineEndings("\n");
        line.Insert(string.Concat(pasted.Where(c => !PlainTextWriter.IsControl(c))));
        return true;
    }

    string ReadUntilPasteEnd()
    {
        const string End = "\e[201~";
        var text = new StringBuilder();
        while (true)
        {
            ConsoleKeyInfo key = keyboard.Read();
            if (key.Modifiers.HasFlag(ConsoleModifiers.Alt)) text.Append('\e');
            if (key.KeyChar != 0) text.Append(key.KeyChar);
            if (text.Length >= End.Length && text.ToString(text.Length - End.Length, End.Length) == End)
                return text.ToString(0, text.Length - End.Length);
        }
    }
}
