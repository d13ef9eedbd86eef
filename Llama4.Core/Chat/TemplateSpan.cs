namespace Llama4.Core.Chat;

/// <summary>A run of a rendered prompt.</summary>
/// <param name="IsTrusted">
/// Written by the template itself: control tokens are recognised. False for anything that came from a message, a tool or another
/// variable: there the text of a control token is ordinary text.
/// </param>
public readonly record struct TemplateSpan(string Text, bool IsTrusted);
