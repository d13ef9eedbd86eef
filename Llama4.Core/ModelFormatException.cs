namespace Llama4.Core;

/// <summary>A model file breaks a rule of its format or of the model. The message names file, place, value and limit.</summary>
public sealed class ModelFormatException : Exception
{
    public ModelFormatException(string file, string place, string problem, Exception? cause = null)
        : base($"{file}: {place}: {problem}", cause)
    {
        File = file;
        Place = place;
    }

    /// <summary>The file at fault.</summary>
    public string File { get; }

    /// <summary>Byte offset, JSON path, key or tensor name.</summary>
    public string Place { get; }
}
