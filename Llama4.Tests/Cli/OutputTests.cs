using Llama4.Cli.Output;

namespace Llama4.Tests.Cli;

public sealed class OutputTests
{
    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1023, "1023 B")]
    [InlineData(1024, "1.00 KiB")]
    [InlineData(1_048_576, "1.00 MiB")]
    [InlineData(23_592_960, "22.5 MiB")]
    [InlineData(62_599_146_701, "58.3 GiB")]
    [InlineData(1_073_000_000, "1.00 GiB")]
    public void Bytes_have_three_digits(long bytes, string text) => Assert.Equal(text, Units.Bytes(bytes));

    [Theory]
    [InlineData(512, "512")]
    [InlineData(11_373_696, "11.4 million")]
    [InlineData(108_641_793_536, "109 billion")]
    [InlineData(2_000_000_000_000, "2.00 trillion")]
    public void Counts_have_three_digits(long count, string text) => Assert.Equal(text, Units.Count(count));

    [Theory]
    [InlineData(0.25, "250 ms")]
    [InlineData(2.5, "2.50 s")]
    [InlineData(75, "1 min 15 s")]
    [InlineData(7380, "2 h 3 min")]
    public void Times_have_fitting_units(double seconds, string text) => Assert.Equal(text, Units.Time(TimeSpan.FromSeconds(seconds)));

    [Fact]
    public void Rates_need_something_measured()
    {
        Assert.Equal("50.0/s", Units.Rate(100, TimeSpan.FromSeconds(2)));
        Assert.Equal("-", Units.Rate(0, TimeSpan.FromSeconds(2)));
        Assert.Equal("-", Units.Rate(5, TimeSpan.Zero));
    }

    [Fact]
    public void Tables_align_by_columns_on_the_screen()
    {
        var table = new TextTable("name", "value");
        table.Add("日本", "1");
        table.Add("a", "");
        Assert.Equal("name  value\n日本  1\na\n", table.ToString());
    }

    [Theory]
    [InlineData("a\nb\tc", "a\\nb\\tc")]
    [InlineData("\e[31m", "\\u001b[31m")]
    [InlineData("abcdefghijk", "abcdefghij…")]
    public void One_line_shows_what_would_break_it(string text, string line) => Assert.Equal(line, OneLine.Of(text, 10));

    [Fact]
    public void Framed_tables_take_text_literally()
    {
        using var terminal = new TestTerminal { IsTerminal = true };
        var table = new TextTable("key", "value");
        table.Add("[red]not markup[/]", "a\e[31mb");
        TableWriter.Write(table, terminal.Terminal);
        string shown = terminal.Out.ToString();
        Assert.Contains("[red]not markup[/]", shown);
        Assert.Contains("a[31mb", shown);
        Assert.Contains("╭", shown);
    }

    [Theory]
    [InlineData("NO_COLOR", "1")]
    [InlineData("TERM", "dumb")]
    public void Without_color_tables_are_plain_text(string variable, string value)
    {
        using var terminal = new TestTerminal { IsTerminal = true };
        terminal.Variables[variable] = value;
        var table = new TextTable("key", "value");
        table.Add("a", "b");
        TableWriter.Write(table, terminal.Terminal);
        Assert.Equal("key  value\na    b\n", terminal.Out.ToString());
    }

    [Fact]
    public void Rates_have_mean_and_deviation()
    {
        var rates = new Rates();
        foreach (double rate in new[] { 2.0, 4, 4, 4, 5, 5, 7, 9 }) rates.Add(rate);
        Assert.Equal(5, rates.Mean);
        Assert.Equal(Math.Sqrt(32.0 / 7), rates.Deviation, 12);
    }
}
