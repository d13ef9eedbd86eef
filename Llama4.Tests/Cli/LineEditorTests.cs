using Llama4.Cli.Interaction;

namespace Llama4.Tests.Cli;

public sealed class LineEditorTests
{
    [Theory]
    [InlineData("hello\r", "hello")]
    [InlineData("helo\e[Dl\r", "hello")]
    [InlineData("abc\u007f\u007fx\r", "ax")]
    [InlineData("bc\u0001a\u0005d\r", "abcd")]
    [InlineData("bc\e[Ha\e[Fd\r", "abcd")]
    [InlineData("one two three\u0017\u0017x\r", "one x")]
    [InlineData("one two\e[D\e[D\e[D\u000b\r", "one ")]
    [InlineData("one two\e[D\e[D\e[D\u0015\r", "two")]
    [InlineData("abc\u0002\u0002\u0004\r", "ac")]
    [InlineData("abc\e[H\e[3~\r", "bc")]
    [InlineData("ab\e[5~c\r", "abc")]
    [InlineData("first\u0003second\r", "second")]
    [InlineData("ae\u0301\u007f\r", "a")]
    [InlineData("a😀b\e[D\u007f\r", "ab")]
    [InlineData("tab\there\r", "tabhere")]
    public void Keys_edit_the_line(string keys, string line) => Assert.Equal(new LineInput(line), Read(keys)[0]);

    [Fact]
    public void Pasted_line_breaks_do_not_send_the_line()
    {
        LineInput line = Read("say: \e[200~one\rtwo\r\nthree\e[201~!\r")[0];
        Assert.Equal(new LineInput("say: one\ntwo\nthree!", WasPasted: true), line);
    }

    [Fact]
    public void Control_characters_in_a_paste_are_dropped() =>
        Assert.Equal("a]0;titleb\tc", Read("\e[200~a\e]0;title\ab\tc\e[201~\r")[0].Text);

    [Fact]
    public void Up_and_down_walk_through_earlier_lines()
    {
        LineInput[] lines = Read("one\rtwo\r\e[A\e[A\r\e[A\e[A\e[A\e[B\e[Bx\r", 4);
        Assert.Equal(["one", "two", "one", "onex"], lines.Select(line => line.Text));
    }

    [Fact]
    public void Ctrl_D_on_an_empty_line_ends_the_input() => Assert.Null(Read("\u0004")[0].Text);

    [Fact]
    public void Ctrl_C_on_an_empty_line_warns_first_and_ends_the_process_then()
    {
        using var terminal = new TestTerminal();
        Assert.Throws<ProcessEndedException>(() => Read(terminal, "\u0003\u0003"));
        Assert.Equal([130], terminal.Exits);
        Assert.Contains("Ctrl-D or /exit leaves", terminal.Error.ToString());
    }

    [Fact]
    public void A_key_between_two_Ctrl_C_keeps_the_session()
    {
        using var terminal = new TestTerminal();
        Assert.Equal("a", Read(terminal, "\u0003ab\u007f\u0003a\r")[0].Text);
        Assert.Empty(terminal.Exits);
    }

    [Fact]
    public void The_keyboard_is_closed_when_the_line_is_done()
    {
        using var terminal = new TestTerminal();
        var keyboard = new ScriptedKeyboard("a\r");
        Assert.Equal("a", new LineEditor(terminal.Terminal, keyboard).Read("> ").Text);
        Assert.False(keyboard.IsOpen);
    }

    [Theory]
    [InlineData("abc\r", "> abc")]
    [InlineData("a very long line of words that wraps\r", "> a very long line o\nf words that wraps")]
    [InlineData("exactly eighteen ch\u007f\r", "> exactly eighteen c\n")]
    [InlineData("\e[200~one\rtwo\e[201~\r", "> one\ntwo")]
    [InlineData("long enough to wrap around once\u0015short\r", "> short")]
    public void The_screen_shows_the_line(string keys, string shown)
    {
        using var terminal = new TestTerminal();
        Read(terminal, keys, columns: 20);
        Screen screen = new Screen(20).Show(terminal.Error.ToString());
        Assert.Equal(shown.TrimEnd('\n'), screen.Text);
        Assert.Equal(0, screen.Cursor.Column);
        Assert.Equal(shown.Count(c => c == '\n') + 1, screen.Cursor.Row);
    }

    [Fact]
    public void A_text_taller_than_the_window_shows_the_rows_around_the_cursor()
    {
        using var terminal = new TestTerminal();
        var view = new LineView(terminal.Error, "> ", () => (20, 4));
        string text = string.Join('\n', Enumerable.Range(1, 9));
        view.Draw(text, text.Length);
        Assert.Equal("7\n8\n9", new Screen(20).Show(terminal.Error.ToString()).Text);
        view.Draw(text, 0);
        Screen screen = new Screen(20).Show(terminal.Error.ToString());
        Assert.Equal("> 1\n2\n3", screen.Text);
        Assert.Equal((0, 2), screen.Cursor);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(0)]
    public void A_tiny_window_shows_the_row_of_the_cursor(int height)
    {
        using var terminal = new TestTerminal();
        var view = new LineView(terminal.Error, "> ", () => (20, height));
        view.Draw("1\n2\n3", 5);
        Assert.Equal("3", new Screen(20).Show(terminal.Error.ToString()).Text);
    }

    [Theory]
    [InlineData("abc", 3)]
    [InlineData("日本", 4)]
    [InlineData("e\u0301", 1)]
    [InlineData("😀", 2)]
    [InlineData("👨‍👩‍👧", 2)]
    [InlineData("", 0)]
    public void Width_counts_columns(string text, int columns) => Assert.Equal(columns, TextWidth.Of(text));

    static LineInput[] Read(string keys, int lines = 1)
    {
        using var terminal = new TestTerminal();
        return Read(terminal, keys, lines);
    }

    static LineInput[] Read(TestTerminal terminal, string keys, int lines = 1, int columns = 80)
    {
        terminal.Columns = columns;
        var editor = new LineEditor(terminal.Terminal, new ScriptedKeyboard(keys));
        return [.. Enumerable.Range(0, lines).Select(_ => editor.Read("> "))];
    }
}
