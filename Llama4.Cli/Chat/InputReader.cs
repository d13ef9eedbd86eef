using System.Text;
using Llama4.Cli.Interaction;

namespace Llama4.Cli.Chat;

/// <summary>Reads what the user says next: a line, a paste, or several lines between """ and """.</summary>
internal sealed class InputReader(Terminal terminal)
{
    const string Prompt = "> ", Continued = ". ", Quotes = "\"\"\"";

    readonly LineEditor? editor = terminal.Keyboard is IKeyboard keyboard ? new LineEditor(terminal, keyboard) : null;

    /// <summary>Null text at the end of the input.</summary>
    public LineInput Read()
    {
        LineInput first = ReadLine(Prompt);
        if (first.Text is not string line || first.WasPasted || !line.TrimStart().StartsWith(Quotes, StringComparison.Ordinal)) return first;

        string rest = line.TrimStart()[Quotes.Length..];
        var text = new StringBuilder();
        while (true)
        {
            int end = rest.IndexOf(Quotes, StringComparison.Ordinal);
            if (end >= 0) return new LineInput(text.Append(rest[..end]).Append(rest[(end + Quotes.Length)..]).ToString().Trim('\n'), true);
            text.Append(rest).Append('\n');
            // The end of the input inside the quotes ends the text.
            if (ReadLine(Continued).Text is not string next) return new LineInput(text.ToString().Trim('\n'), true);
            rest = next;
        }
    }

    LineInput ReadLine(string prompt)
    {
        if (editor is not null) return editor.Read(prompt);
        if (terminal.InIsTerminal)
        {
            terminal.Error.Write(prompt);
            terminal.Error.Flush();
        }
        terminal.Interrupts.Reset();
        return new LineInput(terminal.In.ReadLine());
    }
}
