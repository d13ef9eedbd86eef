using System.Globalization;

namespace Llama4.Cli.Output;

/// <summary>Sizes and times for people.</summary>
internal static class Units
{
    /// <summary>Bytes with a binary unit and three digits: 817 B, 22.5 MiB, 58.3 GiB.</summary>
    public static string Bytes(long bytes)
    {
        if (bytes < 1024) return $"{bytes} B";
        double size = bytes;
        int unit = 0;
        for (; size >= 999.5 && unit < 5; unit++) size /= 1024;
        return $"{Digits(size)} {"BKMGTP"[unit]}iB";
    }

    /// <summary>A count with three digits: 512, 11.4 million, 109 billion.</summary>
    public static string Count(long count) => count switch
    {
        < 10_000 => count.ToString(CultureInfo.InvariantCulture),
        < 999_500_000 => $"{Digits(count / 1e6)} million",
        < 999_500_000_000 => $"{Digits(count / 1e9)} billion",
        _ => $"{Digits(count / 1e12)} trillion",
    };

    public static string Time(TimeSpan time) => time.TotalSeconds switch
    {
        < 1 => $"{time.TotalMilliseconds:0} ms",
        < 60 => $"{Digits(time.TotalSeconds)} s",
        < 3600 => $"{(int)time.TotalMinutes} min {time.Seconds} s",
        _ => $"{(int)time.TotalHours} h {time.Minutes} min",
    };

    /// <summary>So many per second; a dash where nothing was measured.</summary>
    public static string Rate(long tokens, TimeSpan time) =>
        tokens > 0 && time > TimeSpan.Zero ? $"{Digits(tokens / time.TotalSeconds)}/s" : "-";

    static string Digits(double value) => value switch
    {
        < 10 => value.ToString("0.00", CultureInfo.InvariantCulture),
        < 100 => value.ToString("0.0", CultureInfo.InvariantCulture),
        _ => value.ToString("0", CultureInfo.InvariantCulture),
    };
}
