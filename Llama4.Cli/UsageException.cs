namespace Llama4.Cli;

/// <summary>The command line, an environment variable, the config file or a chat command is wrong. The message says what to write instead.</summary>
internal sealed class UsageException(string message) : Exception(message);
