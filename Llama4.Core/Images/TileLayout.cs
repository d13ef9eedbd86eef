using Llama4.Core.Model;

namespace Llama4.Core.Images;

/// <summary>
/// How an image is laid on tiles: resized without distortion to ResizedWidth × ResizedHeight, placed at the top left of
/// Rows × Columns tiles, the rest black; with more than one tile, the whole image squeezed into a global one follows.
/// The only place that knows how many tiles an image has.
/// </summary>
/// <param name="Rows">Tiles from top to bottom.</param>
/// <param name="Columns">Tiles from left to right.</param>
/// <param name="TileSize">Side of a tile in pixels.</param>
public readonly record struct TileLayout(int Rows, int Columns, int ResizedWidth, int ResizedHeight, int TileSize)
{
    public bool HasGlobalTile => Rows * Columns > 1;

    /// <summary>Number of tiles, the global one included.</summary>
    public int Tiles => Rows * Columns + (HasGlobalTile ? 1 : 0);

    /// <summary>The layout of an image of <paramref name="width"/> × <paramref name="height"/> pixels.</summary>
    public static TileLayout For(int width, int height, VisionConfig vision)
    {
        (int rows, int columns) = ChooseGrid(width, height, vision);
        int tile = vision.TileSize, canvasWidth = columns * tile, canvasHeight = rows * tile;

        // Never enlarged beyond its own size but to fill a tile's side, unless the canvas is to be filled anyway.
        int targetWidth = vision.ResizeToMaxCanvas ? canvasWidth : Math.Clamp(width, tile, canvasWidth);
        int targetHeight = vision.ResizeToMaxCanvas ? canvasHeight : Math.Clamp(height, tile, canvasHeight);
        double scaleX = (double)targetWidth / width, scaleY = (double)targetHeight / height;
        return scaleX < scaleY
            ? new TileLayout(rows, columns, targetWidth, Math.Clamp((int)(height * scaleX), 1, targetHeight), tile)
            : new TileLayout(rows, columns, Math.Clamp((int)(width * scaleY), 1, targetWidth), targetHeight, tile);
    }

    /// <summary>
    /// The grid of at most MaxTiles tiles that needs the least enlargement, or else the least reduction; of several such
    /// the one of the smallest area. Scales are fractions of the tile size, so that equal ones compare equal.
    /// </summary>
    static (int Rows, int Columns) ChooseGrid(int width, int height, VisionConfig vision)
    {
        (int Rows, int Columns) best = default;
        Scale bestScale = default;
        for (int rows = 1; rows <= vision.MaxTiles; rows++)
            for (int columns = 1; rows * columns <= vision.MaxTiles; columns++)
            {
                Scale scale = Scale.Smaller(new(rows, height), new(columns, width));
                int order = bestScale.Tiles == 0 ? 1 : Compare(scale, bestScale, vision);
                if (order < 0 || (order == 0 && rows * columns >= best.Rows * best.Columns)) continue;
                best = (rows, columns);
                bestScale = scale;
            }
        return best;
    }

    /// <summary>Positive when <paramref name="a"/> is the better scale.</summary>
    static int Compare(Scale a, Scale b, VisionConfig vision)
    {
        bool enlargesA = a.Enlarges(vision.TileSize), enlargesB = b.Enlarges(vision.TileSize);
        if (enlargesA != enlargesB) return enlargesA ? 1 : -1;
        return enlargesA && !vision.ResizeToMaxCanvas ? b.CompareTo(a) : a.CompareTo(b);
    }

    /// <summary>The exact scale Tiles · tile size / Pixels of one direction.</summary>
    readonly record struct Scale(long Tiles, long Pixels) : IComparable<Scale>
    {
        public static Scale Smaller(Scale a, Scale b) => a.CompareTo(b) <= 0 ? a : b;

        public int CompareTo(Scale other) => (Tiles * other.Pixels).CompareTo(other.Tiles * Pixels);

        /// <summary>At least 1.</summary>
        public bool Enlarges(int tileSize) => Tiles * tileSize >= Pixels;
    }
}
