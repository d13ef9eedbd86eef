using System.Text;

namespace Llama4.Cli.Interaction;

/// <summary>
/// Passes text on without control characters (C0, DEL and C1 but newline and tab), so that neither a model nor a file can steer the
/// terminal: an escape sequence without its ESC is harmless text.
/// </summary>
internal sealed class PlainTextWriter(TextWriter target) : TextWriter
{
    public override Encoding Encoding => target.Encoding;

    public override void Write(char value)
    {
        if (!IsControl(value)) target.Write(value);
    }

    public override void Write(string? value) => Write(value.AsSpan());

    public override void Write(char[] buffer, int index, int count) => Write(buffer.AsSpan(index, count));

    public override void Write(ReadOnlySpan<char> buffer)
    {
        while (buffer.Length > 0)
        {
            int clean = 0;
            while (clean < buffer.Length && !IsControl(buffer[clean])) clean++;
            if (clean > 0) target.Write(buffer[..clean]);
            buffer = buffer[Math.Min(clean + 1, buffer.Length)..];
        }
    }

    public override void WriteLine() => target.WriteLine();

    public override void WriteLine(string? value)
    {
        Write(value.AsSpan());
        target.WriteLine();
    }

    public override void Flush() => target.Flush();

    /// <summary>Whether a terminal might act on the character rather than show it.</summary>
    public static bool IsControl(char value) => char.IsControl(value) && value is not ('\n' or '\t');
}
