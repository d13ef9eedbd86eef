using System.Text;
using SharpFuzz;

namespace Llama4.Tests.Fuzz;

/// <summary>A reader of untrusted bytes. It may refuse them by <see cref="Core.ModelFormatException"/> or <see cref="Core.InvalidRequestException"/>.</summary>
/// <param name="Name">As given on the command line.</param>
/// <param name="Read">Reads the bytes; also checks what must hold of the result, and throws when it does not.</param>
/// <param name="Seeds">Valid inputs, small ones first.</param>
sealed record FuzzTarget(string Name, ReadOnlySpanAction Read, Func<IEnumerable<byte[]>> Seeds)
{
    /// <summary>Words of the format: inserted as they are, which single bytes would hardly ever form.</summary>
    public IReadOnlyList<byte[]> Words { get; init; } = [];

    /// <summary>Inputs are not grown beyond this.</summary>
    public int LongestInput { get; init; } = 1 << 16;

    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Most managed memory allocated for one input, in bytes.</summary>
    public long AllocationLimit { get; init; } = 256 << 20;

    /// <summary>Words in UTF-8.</summary>
    public static byte[][] Utf8(params string[] words) => [.. words.Select(Encoding.UTF8.GetBytes)];
}
