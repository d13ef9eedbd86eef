using System.Globalization;

namespace Llama4.Cli.Interaction;

/// <summary>Text being edited, with a cursor that stands between text elements. It may hold line breaks.</summary>
internal sealed class LineBuffer
{
    public string Text { get; private set; } = "";

    /// <summary>Index in <see cref="Text"/>.</summary>
    public int Cursor { get; private set; }

    public void Set(string text)
    {
        Text = text;
        Cursor = text.Length;
    }

    public void Insert(string text)
    {
        Text = Text.Insert(Cursor, text);
        Cursor += text.Length;
    }

    public void Left() => Cursor = Before();

    public void Right() => Cursor = After();

    /// <summary>To the start of the line.</summary>
    public void Home() => Cursor = Cursor == 0 ? 0 : Text.LastIndexOf('\n', Cursor - 1) + 1;

    /// <summary>To the end of the line.</summary>
    public void End()
    {
        int end = Text.IndexOf('\n', Cursor);
        Cursor = end < 0 ? Text.Length : end;
    }

    public void DeleteBefore() => Remove(Before(), Cursor);

    public void DeleteAfter() => Remove(Cursor, After());

    public void DeleteToHome()
    {
        int end = Cursor;
        Home();
        Remove(Cursor, end);
    }

    public void DeleteToEnd()
    {
        int start = Cursor;
        End();
        Remove(start, Cursor);
    }

    public void DeleteWordBefore()
    {
        int start = Cursor;
        while (start > 0 && char.IsWhiteSpace(Text[start - 1])) start--;
        while (start > 0 && !char.IsWhiteSpace(Text[start - 1])) start--;
        Remove(start, Cursor);
    }

    void Remove(int start, int end)
    {
        Text = Text.Remove(start, end - start);
        Cursor = start;
    }

    int After() => Cursor + StringInfo.GetNextTextElementLength(Text.AsSpan(Cursor));

    int Before()
    {
        int start = 0;
        for (int next = 0; next < Cursor; next += StringInfo.GetNextTextElementLength(Text.AsSpan(next))) start = next;
        return start;
    }
}
