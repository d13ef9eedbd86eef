namespace Llama4.Core.Images;

/// <summary>The tokens of an image in a prompt.</summary>
public static class ImagePrompt
{
    /// <summary>Length of <see cref="Append"/>'s block.</summary>
    public static int Length(TileLayout layout, int tokensPerTile) =>
        layout.Tiles * tokensPerTile + 3 + (layout.HasGlobalTile ? layout.Rows * layout.Columns : 0);

    /// <summary>
    /// Appends the block of one image. One tile: start, image, patches, end. Several: start; for each row its tiles with a column
    /// separator between two, and a row separator; image, the global tile's patches, end.
    /// </summary>
    public static void Append(TileLayout layout, ImageTokens tokens, int tokensPerTile, ICollection<int> prompt)
    {
        prompt.Add(tokens.Start);
        for (int row = 0; layout.HasGlobalTile && row < layout.Rows; row++)
            for (int column = 0; column < layout.Columns; column++)
            {
                AddPatches();
                prompt.Add(column < layout.Columns - 1 ? tokens.ColumnSeparator : tokens.RowSeparator);
            }
        prompt.Add(tokens.Image);
        AddPatches();
        prompt.Add(tokens.End);

        void AddPatches()
        {
            for (int i = 0; i < tokensPerTile; i++) prompt.Add(tokens.Patch);
        }
    }
}
