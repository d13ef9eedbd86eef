namespace Llama4.Cli.Interaction;

/// <summary>What came from the user.</summary>
/// <param name="Text">The line, or null at the end of the input.</param>
/// <param name="WasPasted">It holds pasted text: line breaks in it are part of the text.</param>
internal readonly record struct LineInput(string? Text, bool WasPasted = false);
