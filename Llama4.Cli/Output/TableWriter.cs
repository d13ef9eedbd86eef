using Llama4.Cli.Interaction;
using Spectre.Console;

namespace Llama4.Cli.Output;

/// <summary>Writes tables to standard output: framed on a terminal, aligned text elsewhere.</summary>
internal static class TableWriter
{
    public static void Write(TextTable table, Terminal terminal)
    {
        if (terminal.StyleOut) WriteFramed(table, terminal);
        else terminal.Out.Write(table);
    }

    // A method of its own: Spectre.Console is loaded only when this runs.
    static void WriteFramed(TextTable table, Terminal terminal)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(terminal.RawOut),
            Ansi = AnsiSupport.Yes,
        });
        console.Profile.Width = terminal.Size().Columns;
        var framed = new Table().Border(TableBorder.Rounded);
        foreach (string column in table.Columns) framed.AddColumn(new TableColumn(Cell(column, new Style(decoration: Decoration.Bold))));
        framed.Columns[0].NoWrap();     // names are read as a whole
        foreach (IReadOnlyList<string> row in table.Rows) framed.AddRow(row.Select(cell => Cell(cell, Style.Plain)));
        console.Write(framed);
    }

    /// <summary>Plain text, never markup: names and values come from files.</summary>
    static Text Cell(string text, Style style) => new(string.Concat(text.Where(c => !PlainTextWriter.IsControl(c))), style);
}
