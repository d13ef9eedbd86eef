namespace Llama4.Cli;

/// <summary>What the process tells its caller.</summary>
internal static class ExitCode
{
    public const int Ok = 0;

    /// <summary>Something went wrong while running, or a check (eval, verify, tokenize) did not hold.</summary>
    public const int Failed = 1;

    /// <summary>The command line, a setting or the request is wrong.</summary>
    public const int Usage = 2;

    public const int BadModelFile = 3;

    public const int NotEnoughMemory = 4;

    /// <summary>128 + SIGINT, as shells count.</summary>
    public const int Interrupted = 130;
}
