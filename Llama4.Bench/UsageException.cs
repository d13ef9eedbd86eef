namespace Llama4.Bench;

/// <summary>The command line cannot be followed; the message says why.</summary>
sealed class UsageException(string message) : Exception(message);
