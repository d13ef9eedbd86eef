using System.Runtime.InteropServices;

namespace Llama4.Cli.Interaction;

/// <summary>
/// Ctrl-C. The first one cancels what is under way; one more, with no key in between, ends the process with code 130. While the line
/// editor runs, Ctrl-C is a key and the editor calls <see cref="Signal"/>.
/// </summary>
internal sealed class Interrupts : IDisposable
{
    readonly Lock gate = new();
    readonly Action<int> exit;
    readonly PosixSignalRegistration? registration;
    CancellationTokenSource? current;
    int signals;

    /// <param name="exit">Ends the process.</param>
    public Interrupts(Action<int> exit) => this.exit = exit;

    Interrupts()
    {
        exit = Environment.Exit;
        registration = PosixSignalRegistration.Create(PosixSignal.SIGINT, context =>
        {
            context.Cancel = true;
            Signal();
        });
    }

    /// <summary>Signals since the user last did something else.</summary>
    public int Count
    {
        get { lock (gate) return signals; }
    }

    /// <summary>Takes over the process's SIGINT.</summary>
    public static Interrupts OfProcess() => new();

    /// <summary>Starts something that Ctrl-C cancels; ends with the returned object's disposal.</summary>
    public Scope Begin()
    {
        lock (gate)
        {
            current = new CancellationTokenSource();
            return new Scope(this, current);
        }
    }

    /// <summary>Ctrl-C was pressed.</summary>
    public void Signal()
    {
        CancellationTokenSource? source;
        int count;
        lock (gate)
        {
            count = ++signals;
            source = current;
        }
        if (count > 1) exit(ExitCode.Interrupted);
        source?.Cancel();
    }

    /// <summary>The user went on: the next Ctrl-C is a first one again.</summary>
    public void Reset()
    {
        lock (gate) signals = 0;
    }

    public void Dispose() => registration?.Dispose();

    /// <summary>Work that Ctrl-C cancels.</summary>
    internal sealed class Scope(Interrupts owner, CancellationTokenSource source) : IDisposable
    {
        public CancellationToken Token => source.Token;

        public void Dispose()
        {
            lock (owner.gate)
            {
                if (owner.current == source) owner.current = null;
            }
            // Not disposed: a signal on another thread may be about to cancel it, and without a timer there is nothing to free.
        }
    }
}
