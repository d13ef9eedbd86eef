using System.Globalization;
using System.Text;

namespace Llama4.Tests.Cli;

/// <summary>What a terminal would show: knows the sequences that the line editor writes, and no others.</summary>
sealed class Screen(int columns)
{
    readonly List<StringBuilder> rows = [new()];
    int row, column;

    public (int Row, int Column) Cursor => (row, column);

    public string Text => string.Join('\n', rows.Select(r => r.ToString().TrimEnd())).TrimEnd('\n');

    public Screen Show(string output)
    {
        for (int i = 0; i < output.Length; i++)
        {
            switch (output[i])
            {
                case '\r': column = 0; break;
                case '\n': Down(); break;
                case '\e': i = Sequence(output, i); break;
                default: Put(output[i]); break;
            }
        }
        return this;
    }

    int Sequence(string output, int start)
    {
        Assert.Equal('[', output[start + 1]);
        int end = start + 2;
        while (output[end] is < '@' or > '~') end++;
        string parameter = output[(start + 2)..end];
        int count = int.TryParse(parameter, CultureInfo.InvariantCulture, out int number) ? number : 1;
        switch (output[end])
        {
            case 'A': row = Math.Max(0, row - count); break;
            case 'C': column = Math.Min(columns - 1, column + count); break;
            case 'J':
                rows.RemoveRange(row + 1, rows.Count - row - 1);
                if (rows[row].Length > column) rows[row].Length = column;
                break;
            default: Assert.Fail($"unknown sequence {output[start..(end + 1)].Replace("\e", "ESC")}"); break;
        }
        return end;
    }

    void Put(char c)
    {
        Assert.True(column < columns, "text beyond the last column: the terminal would wrap it");
        while (rows[row].Length <= column) rows[row].Append(' ');
        rows[row][column++] = c;
    }

    void Down()
    {
        if (++row == rows.Count) rows.Add(new());
    }
}
