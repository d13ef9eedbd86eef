using Llama4.Kernels;

namespace Llama4.Core.Model;

/// <summary>
/// The memory of the vision encoder between its operations and its constant tables, allocated once for the largest slice of an image;
/// a slice uses the first rows of each. Letters as in <see cref="Llama4Vision"/>.
/// </summary>
sealed class VisionActivations : IDisposable
{
    readonly Device device;
    readonly VisionConfig c;
    readonly List<Kernels.Buffer> buffers = [];
    readonly Tensor patches, embedded, x, normed, q, k, v, up, adapterIn, adapterOut;
    readonly Tensor classTokens, patchRows, classRows, shuffledRows;
    readonly int patchesPerTile;

    public VisionActivations(Device device, VisionConfig config, VisionWeights weights, int maxTiles)
    {
        this.device = device;
        c = config;
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxTiles);
        MaxTiles = Tiles = maxTiles;
        patchesPerTile = c.Grid * c.Grid;
        int allPatches = checked(maxTiles * patchesPerTile), allRows = checked(maxTiles * RowsPerTile), vectors = maxTiles * c.TokensPerTile;
        patches = New(allPatches, weights.PatchEmbedding.Inputs);
        embedded = New(allPatches, c.Width);
        x = New(allRows, c.Width);
        normed = New(allRows, c.Width);
        q = New(allRows, c.Width);
        k = New(allRows, c.Width);
        v = New(allRows, c.Width);
        up = New(allRows, c.FeedForwardWidth);
        adapterIn = New(vectors, weights.AdapterIn.Outputs);
        adapterOut = New(vectors, weights.AdapterOut.Outputs);

        Rotary = NewRotary();
        patchRows = NewRows(patchesPerTile, i => i);
        classRows = NewRows(1, _ => patchesPerTile);
        shuffledRows = NewRows(patchesPerTile, ShuffledPatch);
        classTokens = New(maxTiles, c.Width);
        Tensor zeros = New(1, maxTiles, Encoding.I32);
        device.GatherRows(weights.ClassEmbedding, zeros, classTokens);
    }

    /// <summary>Largest n.</summary>
    public int MaxTiles { get; }

    /// <summary>n tiles of a slice.</summary>
    public int Tiles { get; set; }

    /// <summary>R = G² + 1.</summary>
    public int RowsPerTile => patchesPerTile + 1;

    public Tensor Patches => patches.RowRange(0, Tiles * patchesPerTile);           // [n·G²,3·P²]
    public Tensor Embedded => embedded.RowRange(0, Tiles * patchesPerTile);         // [n·G²,d]
    public Tensor X => x.RowRange(0, Tiles * RowsPerTile);                          // [n·R,d]  the residual stream
    public Tensor Normed => normed.RowRange(0, Tiles * RowsPerTile);                // [n·R,d]
    public Tensor Q => q.RowRange(0, Tiles * RowsPerTile);                          // [n·R,d]
    public Tensor K => k.RowRange(0, Tiles * RowsPerTile);                          // [n·R,d]
    public Tensor V => v.RowRange(0, Tiles * RowsPerTile);                          // [n·R,d]
    public Tensor Up => up.RowRange(0, Tiles * RowsPerTile);                        // [n·R,F]
    public Tensor AdapterIn => adapterIn.RowRange(0, Tiles * c.TokensPerTile);      // [n·M,·]
    public Tensor AdapterOut => adapterOut.RowRange(0, Tiles * c.TokensPerTile);    // [n·M,·]

    /// <summary>[n·M,S²·d]: <see cref="Embedded"/>, whose rows follow <see cref="ShuffledRows"/>.</summary>
    public Tensor Shuffled => Embedded.As(Tiles * c.TokensPerTile, c.Shuffle * c.Shuffle * c.Width);

    /// <summary>[n,d]: the class embedding again and again.</summary>
    public Tensor ClassTokens => classTokens.RowRange(0, Tiles);

    /// <summary>I32 [1,n·G²]: rows of the patches, tile by tile.</summary>
    public Tensor PatchRows => patchRows.ColumnRange(0, Tiles * patchesPerTile);

    /// <summary>I32 [1,n]: rows of the class tokens, the last of each tile.</summary>
    public Tensor ClassRows => classRows.ColumnRange(0, Tiles);

    /// <summary>I32 [1,n·G²]: rows of the patches, square of S × S by square.</summary>
    public Tensor ShuffledRows => shuffledRows.ColumnRange(0, Tiles * patchesPerTile);

    /// <summary>[R,N]: cos and sin of each row's angles, the same for every head, layer and tile.</summary>
    public Tensor Rotary { get; }

    public void Dispose()
    {
        foreach (Kernels.Buffer buffer in buffers) buffer.Dispose();
    }

    /// <summary>Patch of the i-th place: squares from left to right and top to bottom, and so the patches in a square.</summary>
    int ShuffledPatch(int i)
    {
        int side = c.Shuffle, square = i / (side * side), inSquare = i % (side * side), squaresAcross = c.Grid / side;
        int row = square / squaresAcross * side + inSquare / side, column = square % squaresAcross * side + inSquare % side;
        return row * c.Grid + column;
    }

    /// <summary>
    /// Positions in two dimensions: the first half of a head's pairs turns by (column + 1) · f, the second by (row + 1) · f,
    /// f_j = theta^(−4j / N), j = 0 … N/4 − 1. The class token does not turn.
    /// </summary>
    Tensor NewRotary()
    {
        int headDim = c.Width / c.Heads;
        float[] frequencies = RotaryFrequencies.Unscaled(c.RopeTheta, headDim / 2);
        var table = new float[RowsPerTile * headDim];
        for (int row = 0; row < RowsPerTile; row++)
            for (int pair = 0; pair < headDim / 2; pair++)
            {
                int place = row == patchesPerTile ? 0 : 1 + (pair < frequencies.Length ? row % c.Grid : row / c.Grid);
                (float sin, float cos) = MathF.SinCos(place * frequencies[pair % frequencies.Length]);
                table[row * headDim + 2 * pair] = cos;
                table[row * headDim + 2 * pair + 1] = sin;
            }
        Tensor rotary = New(RowsPerTile, headDim);
        device.Upload<float>(table, rotary);
        return rotary;
    }

    /// <summary>Row numbers of x: those of one tile, for all tiles.</summary>
    Tensor NewRows(int countPerTile, Func<int, int> rowInTile)
    {
        var rows = new int[MaxTiles * countPerTile];
        for (int i = 0; i < rows.Length; i++) rows[i] = i / countPerTile * RowsPerTile + rowInTile(i % countPerTile);
        Tensor tensor = New(1, rows.Length, Encoding.I32);
        device.Upload<int>(rows, tensor);
        return tensor;
    }

    Tensor New(int rows, int columns, Encoding encoding = Encoding.F32)
    {
        Tensor tensor = device.Allocate(rows, columns, encoding);
        buffers.Add(tensor.Buffer);
        return tensor;
    }
}
