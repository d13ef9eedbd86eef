using Llama4.Cli.Interaction;
using Llama4.Cli.Output;
using Llama4.Core.Formats;

namespace Llama4.Cli.Loading;

/// <summary>Follows work on a model's bytes. Where there is no terminal it writes a line for every tenth, once it has lasted a while.</summary>
internal sealed class LoadReport(Terminal terminal, TimeSpan quiet, string what = "loading") : IProgress<LoadProgress>
{
    readonly long start = terminal.Time.GetTimestamp();
    readonly Lock gate = new();
    LoadProgress last;
    long tenths;

    /// <summary>What is done, for people.</summary>
    public string What => what;

    /// <summary>How far it is.</summary>
    public LoadProgress Last
    {
        get { lock (gate) return last; }
    }

    public void Report(LoadProgress value)
    {
        lock (gate)
        {
            last = value;
            long reached = value.BytesTotal == 0 ? 0 : 10 * value.BytesDone / value.BytesTotal;
            if (terminal.StyleError || reached <= tenths || terminal.Time.GetElapsedTime(start) < quiet) return;
            tenths = reached;
            terminal.Error.WriteLine($"{what}: {10 * reached} %, {Units.Bytes(value.BytesDone)} of {Units.Bytes(value.BytesTotal)}");
        }
    }
}
