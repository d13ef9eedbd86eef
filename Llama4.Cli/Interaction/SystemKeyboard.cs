namespace Llama4.Cli.Interaction;

/// <summary>The console's keyboard.</summary>
internal sealed class SystemKeyboard : IKeyboard
{
    public bool HasKey => Console.KeyAvailable;

    public bool ControlCIsKey { set => Console.TreatControlCAsInput = value; }

    public ConsoleKeyInfo Read() => Console.ReadKey(intercept: true);
}
