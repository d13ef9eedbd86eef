using Llama4.Cli.Interaction;
using Llama4.Cli.Output;
using Llama4.Core.Formats;

namespace Llama4.Cli.Loading;

/// <summary>Follows the loading of a model. Where there is no terminal it writes a line for every tenth, once loading has lasted a while.</summary>
internal sealed class LoadReport(Terminal terminal, TimeSpan quiet) : IProgress<LoadProgress>
{
    readonly long start = terminal.Time.GetTimestamp();
    readonly Lock gate = new();
    LoadProgress last;
    long tenths;

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
            terminal.Error.WriteLine($"loading: {10 * reached} %, {Units.Bytes(value.BytesDone)} of {Units.Bytes(value.BytesTotal)}");
        }
    }
}
