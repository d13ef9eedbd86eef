namespace Llama4.Cli.Interaction;

/// <summary>The console's keyboard.</summary>
internal sealed class SystemKeyboard : IKeyboard
{
    const string MarkPaste = "\e[?2004h", LeavePaste = "\e[?2004l";

    readonly TextWriter raw;
    bool isOpen;

    /// <param name="raw">The terminal.</param>
    public SystemKeyboard(TextWriter raw)
    {
        this.raw = raw;
        // However the process ends, by a second Ctrl-C or a signal: the shell must not get marks. The rest the runtime restores.
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            if (isOpen) raw.Write(LeavePaste);
        };
    }

    public bool HasKey => Console.KeyAvailable;

    public void Open()
    {
        Console.TreatControlCAsInput = true;
        raw.Write(MarkPaste);
        isOpen = true;
    }

    public ConsoleKeyInfo Read() => Console.ReadKey(intercept: true);

    public void Close()
    {
        isOpen = false;
        raw.Write(LeavePaste);
        Console.TreatControlCAsInput = false;
    }
}
