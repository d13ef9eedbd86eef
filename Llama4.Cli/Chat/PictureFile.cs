using Llama4.Core.Images;

namespace Llama4.Cli.Chat;

/// <summary>A picture and the full path of its file.</summary>
internal sealed record PictureFile(string Path, RgbImage Image)
{
    /// <exception cref="Llama4.Core.InvalidRequestException">The file cannot be read as a picture.</exception>
    public static PictureFile Load(string path) => new(path, RgbImage.Load(path));
}
