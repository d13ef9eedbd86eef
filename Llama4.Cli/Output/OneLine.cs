namespace Llama4.Cli.Output;

/// <summary>Text of a file or model for one row of a table or one line of a message.</summary>
internal static class OneLine
{
    /// <summary>Line breaks and other control characters as \n, \t, \u001b; at most <paramref name="longest"/> characters.</summary>
    public static string Of(string text, int longest = 200)
    {
        string cut = text.Length <= longest ? text : text[..longest] + "…";
        return string.Concat(cut.Select(c => c switch
        {
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            _ when char.IsControl(c) => $"\\u{(int)c:x4}",
            _ => c.ToString(),
        }));
    }
}
