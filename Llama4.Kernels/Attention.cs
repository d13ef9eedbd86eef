namespace Llama4.Kernels;

/// <summary>The rows of one step: row t stands at Positions[t] of sequence Sequences[t].</summary>
/// <param name="Positions">I32 [1, T]: positions from 0 on, in the row's own sequence.</param>
/// <param name="Sequences">I32 [1, T]: row of the page tables. The rows of one sequence are neighbours, in ascending order of position.</param>
/// <param name="Alone">So many rows at the beginning are the only one of their sequence, as far as the caller knows: for speed, not for the result.</param>
public readonly record struct StepRows(Tensor Positions, Tensor Sequences, int Alone = 0);

/// <summary>
/// Where the keys and values of each sequence lie: fixed-size pages, found by address.
/// Position p is in slot s = p (Window 0) or s = p mod Window; slot s is row s mod PageRows of the page Table[sequence, s / PageRows].
/// </summary>
/// <param name="Table">I64 [sequences, pages]: device address of each page, a multiple of 16; 0 where a sequence has none.</param>
/// <param name="PageRows">Positions in a page.</param>
/// <param name="Window">Chunk length of chunked attention: position q sees k when k ≤ q and k / Window = q / Window. 0: q sees every k ≤ q.</param>
public readonly record struct KvPages(Tensor Table, int PageRows, int Window);

/// <summary>
/// One layer's part of every page: keys [Heads, PageRows, HeadDim] at KeyOffset, values of the same shape at ValueOffset. In which order the bytes
/// of a head's quantised rows stand is the device's own affair.
/// </summary>
/// <param name="KeyOffset">Byte offset in a page.</param>
/// <param name="ValueOffset">Byte offset in a page.</param>
/// <param name="Heads">Key/value heads K. Query head h uses key head h / (H / K).</param>
/// <param name="HeadDim">Width N of a head.</param>
/// <param name="Encoding">F32, F16, BF16, or Q8_0 when N is a multiple of 32.</param>
public readonly record struct KvLayer(long KeyOffset, long ValueOffset, int Heads, int HeadDim, Encoding Encoding)
{
    /// <summary>Bytes of one layer's keys (or values) in a page.</summary>
    public static long PartBytes(int heads, int headDim, int pageRows, Encoding encoding) =>
        checked((long)heads * pageRows * encoding.RowBytes(headDim));
}

/// <summary>What is done to the heads of queries and keys before they meet, in this order, each only where given.</summary>
/// <param name="Rotary">Rotation of queries and keys by this table (see <see cref="Device.Rotate"/>).</param>
/// <param name="NormEps">Root mean square norm of each head of queries and keys, without a weight.</param>
/// <param name="Scale">Factor of the queries.</param>
public readonly record struct HeadRule(Tensor? Rotary = null, float? NormEps = null, PositionScale? Scale = null);

/// <summary>The factor 1 + Scale · ln(1 + floor((position + 1) / Floor)).</summary>
public readonly record struct PositionScale(float Floor, float Scale);

/// <summary>Which experts each row goes to.</summary>
/// <param name="Experts">I32 [T, k]: the k experts of the largest router logits, largest first; of equal logits the lower index first.</param>
/// <param name="Scores">F32 [T, k]: sigmoid of those logits.</param>
public readonly record struct Route(Tensor Experts, Tensor Scores);
