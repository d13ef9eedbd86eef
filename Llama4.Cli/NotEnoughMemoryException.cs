namespace Llama4.Cli;

/// <summary>The estimate says that a model does not fit. The message gives the numbers and what would help.</summary>
internal sealed class NotEnoughMemoryException(string message) : Exception(message);
