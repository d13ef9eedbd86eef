using System.Text;

namespace Llama4.Tests.Cli;

/// <summary>Keeps what is written and tells when something comes.</summary>
sealed class WatchedWriter : TextWriter
{
    readonly StringBuilder text = new();

    public Action OnText { get; set; } = () => { };

    public string Text => text.ToString();

    public override Encoding Encoding => Encoding.UTF8;

    public override void Write(char value) => Write(value.ToString());

    public override void Write(string? value)
    {
        text.Append(value);
        if (!string.IsNullOrWhiteSpace(value)) OnText();
    }

    public override void WriteLine() => text.Append('\n');
}
