using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Llama4.Core.Images;

namespace Llama4.Core.Generation;

/// <summary>An image of a prompt.</summary>
/// <param name="Tiles">What the encoder takes.</param>
/// <param name="Start">Index of its block's first id.</param>
/// <param name="Length">Ids of its block.</param>
/// <param name="Patches">Image patches among them.</param>
/// <param name="PatchToken">The id of each.</param>
internal sealed record PromptImage(ImageTiles Tiles, int Start, int Length, int Patches, int PatchToken)
{
    readonly byte[] key = SHA256.HashData(MemoryMarshal.AsBytes(Tiles.Patches.AsSpan()));

    /// <summary>Whether both have the same pixels.</summary>
    public bool Shows(PromptImage other) => key.AsSpan().SequenceEqual(other.key);
}
