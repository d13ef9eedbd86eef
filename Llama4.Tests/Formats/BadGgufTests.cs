using Llama4.Core.Formats;
using Llama4.Kernels;
using Llama4.Kernels.Cpu;
using Text = System.Text.Encoding;

namespace Llama4.Tests.Formats;

/// <summary>Rows G01 to G41 of the corpus: the valid tiny file with one thing wrong.</summary>
public class BadGgufTests
{
    const ulong Minus1 = ulong.MaxValue, Bit63 = 1UL << 63, Bit40 = 1UL << 40;

    static readonly Dictionary<string, (Func<byte[]> File, string[] Mentions)> cases = Cases();

    public static TheoryData<string> Names => [.. cases.Keys];

    [Fact]
    public void The_unchanged_file_opens_and_loads()
    {
        using var folder = new TempFolder();
        using Checkpoint checkpoint = Checkpoint.Open(folder.Write("x.gguf", TinyModels.Gguf().Build()));
        using var device = new CpuDevice();
        Assert.Equal(2, checkpoint.LoadText(device, cancel: TestContext.Current.CancellationToken).Layers.Count);
        Assert.Equal([259, 257, 258], checkpoint.Generation.EndTokens);
        Assert.Empty(checkpoint.Warnings);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_bad_file_is_refused(string name)
    {
        using var folder = new TempFolder();
        (Func<byte[]> file, string[] mentions) = cases[name];
        Refusal.Of(folder.Write("x.gguf", file()), ["x.gguf", .. mentions]);
    }

    /// <summary>G29.</summary>
    [Fact]
    public void A_file_cut_anywhere_is_refused()
    {
        using var folder = new TempFolder();
        byte[] whole = TinyModels.Gguf().Build();
        for (int i = 0; i < 64; i++) Refusal.Of(folder.Write("x.gguf", whole.AsSpan(0, whole.Length * i / 64)), "x.gguf");
        Refusal.Of(folder.Write("x.gguf", whole.AsSpan(0, whole.Length - 64)), "x.gguf", "cut short");
    }

    /// <summary>G41: whatever bit is wrong, the file opens or is refused in the one way.</summary>
    [Fact]
    public void Ten_thousand_flipped_bits_give_no_other_exception()
    {
        using var folder = new TempFolder();
        string path = folder.Write("x.gguf", TinyModels.Gguf().Build(out int headerBytes));
        int refused = BitFlips.Run(path, path, headerBytes, 10_000, seed: 41);
        Assert.InRange(refused, 5_000, 9_999);
    }

    static Dictionary<string, (Func<byte[]>, string[])> Cases()
    {
        var all = new Dictionary<string, (Func<byte[]>, string[])>();
        void Bytes(string name, byte[] file, params string[] mentions) => all.Add(name, (() => file, mentions));
        void Change(string name, Action<RawGguf> change, params string[] mentions) => all.Add(name, (() =>
        {
            RawGguf file = TinyModels.Gguf();
            change(file);
            return file.Build();
        }, mentions));
        void Key(string name, Action<RawGguf> change, string key, params string[] mentions) => Change(name, change, [key, .. mentions]);

        Bytes("G01 empty", [], "empty");
        Bytes("G02 three bytes", "GGU"u8.ToArray(), "ends");
        Bytes("G03 magic only", "GGUF"u8.ToArray(), "version", "ends");
        Bytes("G04 other magic", [.. "GGML"u8, .. new byte[60]], "47474D4C");
        Change("G04 reversed magic", f => f.Magic = "FUGG"u8.ToArray(), "big-endian");
        Change("G05 version 0", f => f.Version = 0, "is 0, expected 2 or 3");
        Change("G05 version 1", f => f.Version = 1, "is 1, expected 2 or 3");
        Change("G05 version 4", f => f.Version = 4, "is 4, expected 2 or 3");
        Change("G05 version big-endian", f => f.Version = 0x03000000, "big-endian");
        Change("G06 tensors -1", f => f.TensorCount = Minus1, "18446744073709551615 tensors");
        Change("G06 tensors 2^32", f => f.TensorCount = 1UL << 32, "4294967296 tensors");
        Change("G06 tensors 2^63", f => f.TensorCount = Bit63, "tensors, limit");
        Change("G06 one tensor too many", f => f.TensorCount = (ulong)f.Tensors.Count + 1, "x.gguf");
        Change("G07 keys -1", f => f.KeyCount = Minus1, "keys, limit");
        Change("G07 keys 2^32-1", f => f.KeyCount = 0xFFFFFFFF, "keys");
        Change("G07 keys beyond the file", f => f.KeyCount = 60_000, "60000 keys", "bytes are left");
        all.Add("G08 ends after the header", (() => TinyModels.Gguf().Build()[..24], ["tensors, but only 8 bytes are left"]));
        KeyLength("G09 key length -1", Minus1);
        KeyLength("G09 key length 2^63", Bit63);
        KeyLength("G09 key length beyond the limit", 65_536);
        KeyLength("G09 key length beyond the file", 60_000, fileBytes: 50_000);
        Change("G10 empty key", f => f.Pairs.Add(new([], RawGguf.UInt32Type, RawGguf.UInt32(1))), "empty");
        Change("G11 key of 64 KB", f => f.Set(new string('a', 65_536), 1u), "65536", "limit 65535");
        Change("G12 key not UTF-8", f => f.Pairs.Add(new([0xC3, 0x28], RawGguf.UInt32Type, RawGguf.UInt32(1))), "UTF-8");
        Key("G12 value not UTF-8", f => f.Set("general.name", RawGguf.StringType, RawGguf.String([0xFF])), "general.name", "UTF-8");
        Key("G12 array element not UTF-8",
            f => f.Set("a", RawGguf.ArrayType, RawGguf.Array(RawGguf.StringType, 1, RawGguf.String([0x80]))), "key a", "UTF-8");
        Key("G13 value type 13", f => f.Set("a", 13, new byte[8]), "key a", "type 13");
        Key("G13 value type -1", f => f.Set("a", 0xFFFFFFFF, new byte[8]), "key a", "type 4294967295");
        Key("G14 array of arrays", f => f.Set("a", RawGguf.ArrayType, RawGguf.Array(9, 1, RawGguf.Array(4, 0, []))), "key a",
            "array of arrays");
        Key("G14 array of type 99", f => f.Set("a", RawGguf.ArrayType, RawGguf.Array(99, 1, new byte[8])), "key a", "type 99");
        Key("G15 array of 2^63", f => f.Set("a", RawGguf.ArrayType, RawGguf.Array(4, Bit63, [])), "key a", "9223372036854775808 elements");
        Key("G15 array size overflows", f => f.Set("a", RawGguf.ArrayType, RawGguf.Array(10, (1UL << 61) + 1, [])), "key a", "elements");
        Key("G15 array beyond the file", f => f.Set("a", RawGguf.ArrayType, RawGguf.Array(4, 1 << 29, [])), "key a", "bytes are left");
        Key("G15 string beyond the file", f => f.Set("a", RawGguf.StringType, RawGguf.UInt64(1 << 29)), "key a", "bytes are left");
        Key("G15 string of 2^40", f => f.Set("a", RawGguf.StringType, RawGguf.UInt64(Bit40)), "key a", "limit 1073741824");
        Key("G16 a billion empty strings", f => f.Set("a", RawGguf.ArrayType, RawGguf.Array(8, 1_000_000_000, new byte[1 << 20])),
            "key a", "1000000000 elements");
        Change("G17 duplicate key", f => f.Pairs.Add(f.Pairs[0]), "general.architecture", "twice");
        foreach (uint alignment in new uint[] { 0, 1, 3, 13, 1u << 31 })
            Key($"G18 alignment {alignment}", f => f.Set("general.alignment", alignment), "general.alignment", $"is {alignment}");
        Key("G18 alignment not a power of two", f => f.Set("general.alignment", 48u), "general.alignment", "is 48");
        Key("G18 alignment of another type", f => f.Set("general.alignment", RawGguf.Int32Type, RawGguf.UInt32(32)), "general.alignment",
            "UInt32");
        Change("G19 long tensor name", f => f.Add(new string('a', 64), [1], 0, new byte[4]), "64", "limit 63");
        Change("G19 empty tensor name", f => f.Add("", [1], 0, new byte[4]), "no name");
        Change("G19 duplicate tensor name", f => f.Add("output.weight", [1], 0, new byte[4]), "output.weight", "twice");
        Change("G19 tensor name as a path", f => f.Add("../x", [1], 0, new byte[4]), "../x", "not supported");
        foreach (uint rank in new[] { 0u, 5u, uint.MaxValue })
            Change($"G20 rank {rank}", f => f.Change("output.weight", t => t with { Rank = rank }), "output.weight", $"{rank} dimensions");
        foreach (ulong dimension in new[] { 0UL, Minus1, Bit63, Bit63 - 64, 1UL << 62 })
            Change($"G21 dimension {dimension}", f => f.Change("output.weight", t => t with { Dimensions = [32, dimension] }),
                "output.weight");
        Change("G22 product overflows", f => f.Change("output.weight", t => t with { Dimensions = [1UL << 32, 1UL << 32] }),
            "output.weight", "2^63");
        Change("G22 sum of sizes overflows", f =>
        {
            f.Change("token_embd.weight", t => t with { Dimensions = [(1UL << 61) - 64] });
            f.Change("output_norm.weight", t => t with { Dimensions = [(1UL << 61) - 64], Offset = Bit63 - 256 });
        }, "token_embd.weight");
        foreach (uint type in new uint[] { 9999, 4, 5, 16, 28, 34 })
            Change($"G23 type {type}", f => f.Change("output.weight", t => t with { Type = type }), "output.weight",
                GgmlType.NameOf(type), "supported: F32, F16, BF16, Q8_0");
        Change("G24 row of 31", f => f.Change("output.weight", t => t with { Dimensions = [31, 262], Type = 2 }), "output.weight", "31");
        Change("G25 unaligned offset", f => f.Change("output_norm.weight", t => t with { Offset = 33_540 }), "output_norm.weight", "33540");
        Change("G26 overlap", f => f.Change("output_norm.weight", t => t with { Offset = 0 }), "output_norm.weight", "offset 0");
        Change("G27 hole", f => f.Change("output_norm.weight", t => t with { Offset = 33_600 }), "output_norm.weight", "33600");
        Change("G28 one byte beyond the file", f => f.Change("blk.1.ffn_down_shexp.weight", t => t with { Data = t.Data[..^33] }),
            "cut short");
        Change("G28 2^40 beyond the file", f => f.Change("output.weight", t => t with { Dimensions = [32, Bit40] }), "output.weight");
        all.Add("G30 tail of a megabyte", (() => [.. TinyModels.Gguf().Build(), .. new byte[1 << 20]], ["1048576 bytes too many"]));
        Key("G31 no architecture", f => f.Remove("general.architecture"), "general.architecture", "missing");
        Key("G31 another architecture", f => f.Set("general.architecture", "qwen3"), "general.architecture", "qwen3");
        Change("G31 a vision part as a model", f => f.Set("general.architecture", "clip"), "vision part");
        Key("G32 no layers", f => f.Set("llama4.block_count", 0u), "llama4.block_count", "is 0");
        Key("G32 a billion layers", f => f.Set("llama4.block_count", 1_000_000_000u), "llama4.block_count", "1000000000");
        Key("G32 layers missing", f => f.Remove("llama4.block_count"), "llama4.block_count", "missing");
        Key("G32 no heads", f => f.Set("llama4.attention.head_count", 0u), "llama4.attention.head_count", "is 0");
        Key("G32 heads as text", f => f.Set("llama4.attention.head_count", "2"), "llama4.attention.head_count", "String");
        Change("G32 heads no multiple of key heads", f =>
        {
            f.Set("llama4.attention.head_count", 3u);
            f.Set("llama4.attention.head_count_kv", 2u);
        }, "3 query heads");
        Key("G33 a million experts", f => f.Set("llama4.expert_count", 1_000_000u), "llama4.expert_count", "1000000");
        Change("G33 no experts", f => f.Set("llama4.expert_count", 0u), "ffn_gate.weight", "missing");
        Key("G33 more experts used than there are", f => f.Set("llama4.expert_used_count", 3u), "llama4.expert_used_count", "is 3");
        Change("G34 other width than the tensors", f => f.Set("llama4.embedding_length", 64u), "token_embd.weight", "[262, 32]",
            "[262, 64]");
        Key("G35 no rotary dimensions", f => f.Set("llama4.rope.dimension_count", 0u), "llama4.rope.dimension_count", "is 0");
        Key("G35 base NaN", f => f.Set("llama4.rope.freq_base", float.NaN), "llama4.rope.freq_base", "NaN");
        Key("G35 base infinite", f => f.Set("llama4.rope.freq_base", float.PositiveInfinity), "llama4.rope.freq_base");
        Key("G35 other scaling", f => f.Set("llama4.rope.scaling.type", "yarn"), "llama4.rope.scaling.type", "yarn");
        Key("G36 vocabulary of another size", f => f.Set("llama4.vocab_size", 263u), "tokenizer.ggml.tokens", "262", "263");
        Key("G36 types of another number", f => f.Set("tokenizer.ggml.token_type", [1, 3]), "tokenizer.ggml.token_type", "2 entries");
        Change("G37 missing tensor", f => f.Tensors.RemoveAll(t => Text.ASCII.GetString(t.Name) == "blk.1.ffn_up_exps.weight"),
            "blk.1.ffn_up_exps.weight", "missing");
        Change("G37 unknown tensor", f => TinyModels.Add(f, "blk.0.attn_q.bias", Encoding.F32, 32), "blk.0.attn_q.bias", "not supported");
        Change("G38 wrong shape", f => f.Change("blk.0.attn_q.weight", t => t with { Dimensions = [16, 64] }), "blk.0.attn_q.weight",
            "[64, 16]", "[32, 32]");
        Change("G38 wrong rank", f => f.Change("blk.0.attn_norm.weight", t => t with { Dimensions = [32, 1] }), "blk.0.attn_norm.weight");
        Change("G38 norm quantised", f => f.Change("blk.0.attn_norm.weight", t => t with { Type = 8, Data = new byte[34] }),
            "blk.0.attn_norm.weight", "Q8_0");
        Change("G38 whole numbers as weights", f => f.Change("blk.0.attn_q.weight", t => t with { Type = 26 }), "blk.0.attn_q.weight",
            "I32");
        return all;

        void KeyLength(string name, ulong length, int fileBytes = 100_000) => all.Add(name, (() =>
        {
            byte[] file = TinyModels.Gguf().Build()[..fileBytes];
            RawGguf.UInt64(length).CopyTo(file.AsSpan(24));
            return file;
        }, ["key 0", $"{length} bytes of text"]));
    }
}
