namespace Llama4.Core;

/// <summary>What a caller asked for cannot be done: an argument, a message, an image or a template is out of its limits.</summary>
public sealed class InvalidRequestException : Exception
{
    public InvalidRequestException(string message, Exception? cause = null) : base(message, cause) { }

    /// <summary>The option at fault, spelled as in JSON requests (top_p, logit_bias), where it is one.</summary>
    public string? Field { get; init; }
}
