using Llama4.Core.Tokenization;

namespace Llama4.Core.Images;

/// <summary>Ids of the control tokens around an image.</summary>
/// <param name="Image">Stands before the patches of the global tile, or of the only one.</param>
/// <param name="Patch">Stands for one vector of the encoder.</param>
/// <param name="ColumnSeparator">Between two tiles of a row.</param>
/// <param name="RowSeparator">After each row of tiles.</param>
public sealed record ImageTokens(int Start, int Image, int Patch, int ColumnSeparator, int RowSeparator, int End)
{
    /// <summary>The ids by their names in a vocabulary.</summary>
    /// <exception cref="InvalidRequestException">The vocabulary lacks one.</exception>
    public static ImageTokens From(TokenizerData tokenizer)
    {
        return new(Id("<|image_start|>"), Id("<|image|>"), Id("<|patch|>"), Id("<|tile_x_separator|>"), Id("<|tile_y_separator|>"), Id("<|image_end|>"));

        int Id(string name) => tokenizer.ControlTokens.TryGetValue(name, out int id)
            ? id
            : throw new InvalidRequestException($"this model cannot take images: its vocabulary has no token {name}");
    }
}
