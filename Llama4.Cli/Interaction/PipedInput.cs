namespace Llama4.Cli.Interaction;

/// <summary>Text that another program pipes in.</summary>
internal static class PipedInput
{
    /// <summary>
    /// How long standard input may stay silent when there is a prompt already. Programs that start this one often leave a pipe open
    /// into which they never write; waiting for its end would be forever.
    /// </summary>
    static readonly TimeSpan patience = TimeSpan.FromSeconds(3);

    /// <summary>The prompt with the piped text after it, a blank line between.</summary>
    /// <exception cref="UsageException">There is neither.</exception>
    public static async Task<string> CompleteAsync(string? prompt, Terminal terminal, CancellationToken cancel)
    {
        bool hasPrompt = !string.IsNullOrWhiteSpace(prompt);
        string piped = terminal.InIsTerminal ? "" : await ReadAsync(hasPrompt, terminal, cancel);
        piped = piped.TrimEnd('\r', '\n');
        if (hasPrompt) return piped.Length == 0 ? prompt! : prompt + "\n\n" + piped;
        return piped.Length > 0 ? piped : throw new UsageException("no prompt: write llama4 run \"your question\", or pipe a text in");
    }

    static async Task<string> ReadAsync(bool hasPrompt, Terminal terminal, CancellationToken cancel)
    {
        // The read of a pipe cannot be cancelled; a thread that waits in one does not keep the process alive.
        Task<int> first = Task.Run(terminal.In.Peek, CancellationToken.None);
        if (!hasPrompt) await first.WaitAsync(cancel);
        else if (await Task.WhenAny(first, Task.Delay(patience, terminal.Time, cancel)) != first)
        {
            cancel.ThrowIfCancellationRequested();
            terminal.Error.WriteLine(
                $"warning: nothing came on standard input for {patience.TotalSeconds} s, going on without it (< /dev/null avoids the wait)");
            return "";
        }
        if (await first < 0) return "";
        return await Task.Run(terminal.In.ReadToEnd, CancellationToken.None).WaitAsync(cancel);
    }
}
