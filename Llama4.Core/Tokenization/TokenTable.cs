using System.Buffers.Binary;
using System.Numerics;

namespace Llama4.Core.Tokenization;

/// <summary>
/// The ordinary tokens by id and by bytes: one hash table with linear probing over one block of bytes, so that a vocabulary of 200,000
/// is ready in milliseconds and a lookup allocates nothing. The hash is keyed at random: a hostile file cannot choose tokens that collide.
/// </summary>
internal sealed class TokenTable
{
    /// <summary>Result of a lookup that finds no token.</summary>
    public const int None = -1;

    readonly byte[] bytes;
    readonly int[] starts;    // token id is bytes[starts[id]..starts[id + 1]]
    readonly ulong[] slots;   // upper half of the hash in the upper 32 bits, id + 1 in the lower; 0 is free
    readonly int[] pairs;     // id of each token of two bytes, by first * 256 + second
    readonly ulong key;

    /// <param name="tokens">Bytes by id, empty for ids without an ordinary token. Of equal ones the lowest id counts.</param>
    /// <param name="controls">Their ids are never found, whatever bytes they have.</param>
    public TokenTable(IReadOnlyList<ReadOnlyMemory<byte>> tokens, ControlTokens controls)
    {
        key = (ulong)Random.Shared.NextInt64(long.MinValue, long.MaxValue);
        starts = new int[tokens.Count + 1];
        for (int id = 0; id < tokens.Count; id++) starts[id + 1] = checked(starts[id] + tokens[id].Length);
        bytes = new byte[starts[^1]];
        slots = new ulong[BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, checked(2 * tokens.Count)))];
        pairs = new int[1 << 16];
        pairs.AsSpan().Fill(None);
        for (int id = 0; id < tokens.Count; id++)
        {
            tokens[id].Span.CopyTo(bytes.AsSpan(starts[id]));
            if (!controls.Contains(id)) Add(id);
        }
    }

    /// <summary>Ids are below this.</summary>
    public int Count => starts.Length - 1;

    /// <summary>Length in bytes of the longest token.</summary>
    public int LongestToken { get; private set; }

    public ReadOnlySpan<byte> BytesOf(int id) => bytes.AsSpan(starts[id], starts[id + 1] - starts[id]);

    /// <summary>The id of the token with exactly these bytes, or <see cref="None"/>.</summary>
    public int Find(ReadOnlySpan<byte> token)
    {
        if (token.Length == 2) return pairs[token[0] << 8 | token[1]];
        if (token.Length > LongestToken) return None;
        ulong hash = Hash(token);
        for (int slot = (int)hash & (slots.Length - 1); ; slot = (slot + 1) & (slots.Length - 1))
        {
            ulong entry = slots[slot];
            if (entry == 0) return None;
            if (entry >> 32 == hash >> 32 && token.SequenceEqual(BytesOf((int)(uint)entry - 1))) return (int)(uint)entry - 1;
        }
    }

    void Add(int id)
    {
        ReadOnlySpan<byte> token = BytesOf(id);
        if (token.IsEmpty || Find(token) != None) return;
        LongestToken = Math.Max(LongestToken, token.Length);
        if (token.Length == 2) pairs[token[0] << 8 | token[1]] = id;
        ulong hash = Hash(token);
        int slot = (int)hash & (slots.Length - 1);
        while (slots[slot] != 0) slot = (slot + 1) & (slots.Length - 1);
        slots[slot] = hash & 0xFFFF_FFFF_0000_0000 | (uint)(id + 1);
    }

    /// <summary>Eight bytes at a time, each folded in by a 64 × 64 → 128 bit product with the key, as wyhash and its kin do.</summary>
    ulong Hash(ReadOnlySpan<byte> token)
    {
        ulong hash = key ^ (ulong)token.Length;
        while (token.Length >= 8)
        {
            hash = Mix(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(token));
            token = token[8..];
        }
        ulong rest = 0;
        for (int i = 0; i < token.Length; i++) rest |= (ulong)token[i] << 8 * i;
        return Mix(hash ^ rest);
    }

    ulong Mix(ulong value)
    {
        ulong high = Math.BigMul(value ^ 0x9E37_79B9_7F4A_7C15, key | 1, out ulong low);
        return high ^ low;
    }
}
