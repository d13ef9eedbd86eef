namespace Llama4.Cli.Interaction;

/// <summary>Keys, one by one.</summary>
internal interface IKeyboard
{
    /// <summary>Whether <see cref="Read"/> returns at once.</summary>
    bool HasKey { get; }

    /// <summary>Waits for a key, which is not shown. Ctrl-C is a key like any other meanwhile.</summary>
    ConsoleKeyInfo Read();

    /// <summary>From here on Ctrl-C is a key (true) or a signal (false).</summary>
    bool ControlCIsKey { set; }
}
