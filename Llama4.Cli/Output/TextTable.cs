using System.Text;
using Llama4.Cli.Interaction;

namespace Llama4.Cli.Output;

/// <summary>Rows of text in aligned columns, for pipes, files and plain terminals.</summary>
internal sealed class TextTable(params string[] columns)
{
    readonly List<string[]> rows = [];

    public IReadOnlyList<string> Columns => columns;

    public IReadOnlyList<IReadOnlyList<string>> Rows => rows;

    public void Add(params string[] cells) => rows.Add(cells);

    /// <summary>Two spaces between columns, a line break after each row.</summary>
    public override string ToString()
    {
        int[] widths = [.. columns.Select((name, i) => rows.Select(row => TextWidth.Of(row[i])).Append(TextWidth.Of(name)).Max())];
        var text = new StringBuilder();
        foreach (string[] row in rows.Prepend(columns))
        {
            var line = new StringBuilder();
            for (int i = 0; i < columns.Length; i++)
                line.Append(row[i]).Append(' ', widths[i] - TextWidth.Of(row[i]) + 2);
            text.Append(line.ToString().TrimEnd()).Append('\n');
        }
        return text.ToString();
    }
}
