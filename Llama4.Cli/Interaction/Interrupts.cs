using System.Runtime.InteropServices;

namespace Llama4.Cli.Interaction;

/// <summary>
/// Ctrl-C. The first one cancels what is under way; where nothing is, or when one more comes with no key in between, the process ends
/// with code 130. While the line editor runs, Ctrl-C is a key, for which it calls <see cref="Press"/>.
/// </summary>
internal sealed class Interrupts : IDisposable
{
    readonly Lock gate = new();
    readonly Action<int> exit;
    readonly PosixSignalRegistration? registration;
    Scope? current;
    int count;

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

    /// <summary>Takes over the process's SIGINT.</summary>
    public static Interrupts OfProcess() => new();

    /// <summary>Starts something that Ctrl-C cancels; ends with the returned object's disposal. What was under way before is then again.</summary>
    public Scope Begin()
    {
        lock (gate) return current = new Scope(this, current);
    }

    /// <summary>Ctrl-C came as a signal.</summary>
    public void Signal()
    {
        Scope? work;
        bool isLast;
        lock (gate)
        {
            work = current;
            isLast = ++count > 1 || work is null;
        }
        if (isLast) exit(ExitCode.Interrupted);
        work?.Cancel();
    }

    /// <summary>Ctrl-C came as a key, and there is nothing to cancel: only a second one has an effect.</summary>
    public void Press()
    {
        bool isLast;
        lock (gate) isLast = ++count > 1;
        if (isLast) exit(ExitCode.Interrupted);
    }

    /// <summary>The user went on: the next Ctrl-C is a first one again.</summary>
    public void Reset()
    {
        lock (gate) count = 0;
    }

    public void Dispose() => registration?.Dispose();

    /// <summary>Work that Ctrl-C cancels.</summary>
    internal sealed class Scope(Interrupts owner, Scope? outer) : IDisposable
    {
        // Not disposed: a signal on another thread may be about to cancel it, and without a timer there is nothing to free.
        readonly CancellationTokenSource source = new();

        public CancellationToken Token => source.Token;

        public void Cancel() => source.Cancel();

        public void Dispose()
        {
            lock (owner.gate)
                if (owner.current == this) owner.current = outer;
        }
    }
}
