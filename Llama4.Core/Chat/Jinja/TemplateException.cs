namespace Llama4.Core.Chat.Jinja;

/// <summary>A template is wrong, asks for too much or raised an error of its own. Its owner adds the template's name.</summary>
sealed class TemplateException(string message, int line = 0, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>Line of the source, from 1; 0 where the thrower does not know it.</summary>
    public int Line { get; } = line;

    public static TemplateException NotSupported(string what, int line = 0) => new($"not supported: {what}", line);
}
