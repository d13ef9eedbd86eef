using Llama4.Cli.Interaction;

namespace Llama4.Tests.Cli;

public sealed class PlainTextWriterTests
{
    [Theory]
    [InlineData("plain text, ünïcödé 😀\n\tand lines", "plain text, ünïcödé 😀\n\tand lines")]
    [InlineData("\e]0;title\a", "]0;title")]
    [InlineData("\e[2J\e[31mred", "[2J[31mred")]
    [InlineData("over\rwrite\bx", "overwritex")]
    [InlineData("\u009b31m\u0085\u007f\0end", "31mend")]
    public void Control_characters_do_not_reach_the_terminal(string text, string shown)
    {
        foreach (Action<TextWriter> write in new Action<TextWriter>[]
        {
            writer => writer.Write(text),
            writer => writer.Write(text.AsSpan()),
            writer => writer.Write(text.ToCharArray(), 0, text.Length),
            writer => { foreach (char c in text) writer.Write(c); },
        })
        {
            var target = new StringWriter();
            write(new PlainTextWriter(target));
            Assert.Equal(shown, target.ToString());
        }
        var lines = new StringWriter();
        new PlainTextWriter(lines).WriteLine(text);
        Assert.Equal(shown + Environment.NewLine, lines.ToString());
    }
}
