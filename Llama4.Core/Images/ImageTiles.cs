using Llama4.Core.Model;

namespace Llama4.Core.Images;

/// <summary>The tiles of an image, cut into patches as the vision encoder takes them.</summary>
public sealed class ImageTiles
{
    /// <summary>Value of each pixel byte: (v / 255 − ½) / ½.</summary>
    static readonly float[] normalised = [.. Enumerable.Range(0, 256).Select(v => (v / 255f - 0.5f) / 0.5f)];

    internal ImageTiles(TileLayout layout, float[] patches)
    {
        Layout = layout;
        Patches = patches;
    }

    public TileLayout Layout { get; }

    /// <summary>
    /// [tiles · Grid², 3 · PatchSize²]: tiles from left to right and top to bottom, then the global one; in a tile patches in the same order;
    /// in a patch channel, row, column.
    /// </summary>
    public float[] Patches { get; }

    public static ImageTiles Make(RgbImage image, VisionConfig vision)
    {
        var layout = TileLayout.For(image.Width, image.Height, vision);
        int size = layout.TileSize, tileBytes = 3 * size * size, patchLength = 3 * vision.PatchSize * vision.PatchSize;
        var patches = new float[layout.Tiles * vision.Grid * vision.Grid * patchLength];
        byte[] pixels = Pixels(image, layout);
        for (int tile = 0; tile < layout.Tiles; tile++)
            Cut(pixels.AsSpan(tile * tileBytes, tileBytes), vision, patches.AsSpan(tile * (patches.Length / layout.Tiles)));
        return new ImageTiles(layout, patches);
    }

    /// <summary>The tiles before normalisation, one below the other: RGB [tiles · size, size].</summary>
    internal static byte[] Pixels(RgbImage image, TileLayout layout)
    {
        int size = layout.TileSize, rowBytes = 3 * size, canvasBytes = layout.Columns * rowBytes;
        var canvas = new byte[layout.Rows * size * canvasBytes];
        Resampler.Resize(image, layout.ResizedWidth, layout.ResizedHeight, canvas, canvasBytes);
        if (!layout.HasGlobalTile) return canvas;

        var tiles = new byte[layout.Tiles * size * rowBytes];
        for (int tile = 0; tile < layout.Rows * layout.Columns; tile++)
            for (int y = 0; y < size; y++)
                canvas.AsSpan((tile / layout.Columns * size + y) * canvasBytes + tile % layout.Columns * rowBytes, rowBytes)
                    .CopyTo(tiles.AsSpan((tile * size + y) * rowBytes));
        Resampler.Resize(image, size, size, tiles.AsSpan(canvas.Length), rowBytes);
        return tiles;
    }

    static void Cut(ReadOnlySpan<byte> tile, VisionConfig vision, Span<float> patches)
    {
        int patch = vision.PatchSize, target = 0;
        for (int top = 0; top < vision.Grid; top++)
            for (int left = 0; left < vision.Grid; left++)
                for (int channel = 0; channel < 3; channel++)
                    for (int y = 0; y < patch; y++)
                    {
                        ReadOnlySpan<byte> row = tile[(3 * ((top * patch + y) * vision.TileSize + left * patch) + channel)..];
                        for (int x = 0; x < patch; x++) patches[target++] = normalised[row[3 * x]];
                    }
    }
}
