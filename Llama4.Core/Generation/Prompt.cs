namespace Llama4.Core.Generation;

/// <summary>What the model reads.</summary>
/// <param name="Ids">Token ids; each image stands as its whole block.</param>
/// <param name="Images">Images in the order of their blocks.</param>
internal sealed record Prompt(int[] Ids, IReadOnlyList<PromptImage> Images)
{
    /// <summary>Tiles of all images.</summary>
    public int Tiles => Images.Sum(image => image.Tiles.Layout.Tiles);

    /// <summary>Image patches of all images.</summary>
    public int Patches => Images.Sum(image => image.Patches);

    /// <summary>Image patches among the first <paramref name="length"/> ids.</summary>
    public int PatchesBefore(int length) =>
        Images.Count == 0 ? 0 : Ids.AsSpan(0, length).Count(Images[0].PatchToken);

    /// <summary>Tiles of the leading images whose blocks lie in the first <paramref name="length"/> ids.</summary>
    public int TilesBefore(int length) =>
        Images.TakeWhile(image => image.Start + image.Length <= length).Sum(image => image.Tiles.Layout.Tiles);

    /// <summary>How many ids from the start are the same in both, images included.</summary>
    public int CommonLength(ReadOnlySpan<int> ids, IReadOnlyList<PromptImage> images)
    {
        int common = Ids.AsSpan().CommonPrefixLength(ids);
        for (int i = 0; i < Math.Min(Images.Count, images.Count); i++)
            if (Images[i].Start < common && !Images[i].Shows(images[i])) common = Images[i].Start;
        return common;
    }
}
