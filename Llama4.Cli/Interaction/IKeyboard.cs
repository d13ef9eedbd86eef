namespace Llama4.Cli.Interaction;

/// <summary>Keys, one by one.</summary>
internal interface IKeyboard
{
    /// <summary>Whether <see cref="Read"/> returns at once.</summary>
    bool HasKey { get; }

    /// <summary>From here on Ctrl-C is a key like any other, and the terminal marks pasted text (bracketed paste).</summary>
    void Open();

    /// <summary>Waits for a key, which is not shown.</summary>
    ConsoleKeyInfo Read();

    /// <summary>From here on Ctrl-C is a signal, and pasted text is not marked.</summary>
    void Close();
}
