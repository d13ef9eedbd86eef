using System.Globalization;
using System.Text;

namespace Llama4.Cli.Interaction;

/// <summary>
/// Shows a prompt and the text being edited, over as many rows as it takes. Rows are broken here and not by the terminal, so that the
/// cursor's place is known; of a text taller than the window the rows around the cursor are shown.
/// </summary>
internal sealed class LineView(TextWriter raw, string prompt, Func<(int Columns, int Rows)> size)
{
    int cursorRow;

    /// <summary>Draws over what was drawn before. <paramref name="cursor"/> is an index in <paramref name="text"/>.</summary>
    public void Draw(string text, int cursor)
    {
        (int columns, int height) = size();
        (List<string> rows, int row, int column) = Layout(text, cursor, Math.Max(columns, 20));
        int visible = Math.Max(1, height - 1);
        int first = Math.Max(0, row - visible + 1);
        int last = Math.Min(rows.Count, first + visible);

        var output = new StringBuilder();
        ToFirstRow(output);
        output.Append("\e[J").AppendJoin("\r\n", rows[first..last]);
        int up = last - 1 - row;
        if (up > 0) output.Append($"\e[{up}A");
        output.Append('\r');
        if (column > 0) output.Append($"\e[{column}C");
        cursorRow = row - first;
        raw.Write(output);
        raw.Flush();
    }

    /// <summary>Leaves the text as it is on the screen and goes to a new row below it.</summary>
    public void Finish(string text)
    {
        Draw(text, text.Length);
        raw.Write("\r\n");
        raw.Flush();
        cursorRow = 0;
    }

    void ToFirstRow(StringBuilder output)
    {
        output.Append('\r');
        if (cursorRow > 0) output.Append($"\e[{cursorRow}A");
    }

    (List<string> Rows, int Row, int Column) Layout(string text, int cursor, int columns)
    {
        var rows = new List<string>();
        var row = new StringBuilder(prompt);
        int width = TextWidth.Of(prompt), cursorRow = 0, cursorColumn = width;
        for (int index = 0; index < text.Length;)
        {
            int length = StringInfo.GetNextTextElementLength(text.AsSpan(index));
            ReadOnlySpan<char> element = text.AsSpan(index, length);
            bool isBreak = element is "\n";
            if (element is "\t") element = " ";
            int elementWidth = isBreak ? 0 : TextWidth.OfElement(element);
            if (width + elementWidth > columns) NextRow();
            if (index == cursor) (cursorRow, cursorColumn) = (rows.Count, width);
            if (isBreak) NextRow();
            else row.Append(element);
            width += elementWidth;
            index += length;
        }
        if (width == columns) NextRow();
        if (cursor == text.Length) (cursorRow, cursorColumn) = (rows.Count, width);
        rows.Add(row.ToString());
        return (rows, cursorRow, cursorColumn);

        void NextRow()
        {
            rows.Add(row.ToString());
            row.Clear();
            width = 0;
        }
    }
}
