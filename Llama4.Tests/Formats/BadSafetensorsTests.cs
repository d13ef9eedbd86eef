using System.Buffers.Binary;
using Llama4.Core.Formats;
using Text = System.Text.Encoding;

namespace Llama4.Tests.Formats;

/// <summary>Rows S01 to S29 of the corpus.</summary>
public class BadSafetensorsTests
{
    const string Tensor = """{"dtype":"F32","shape":[2],"data_offsets":[0,8]}""";

    static readonly Dictionary<string, (byte[] File, string[] Mentions)> cases = Cases();

    public static TheoryData<string> Names => [.. cases.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_bad_file_is_refused(string name)
    {
        (byte[] file, string[] mentions) = cases[name];
        using var folder = new TempFolder();
        TinyModels.WriteFolder(folder);
        Refusal.Of(folder.Write("model.safetensors", file), ["model.safetensors", .. mentions]);
    }

    /// <summary>S10, S11, S26, and an empty tensor between others.</summary>
    [Theory]
    [InlineData(" \n {\"a\":" + Tensor + "}")]
    [InlineData("{\"a\":" + Tensor + "}      \n ")]
    [InlineData("{\"__metadata__\":{\"format\":\"pt\"},\"a\":" + Tensor + "}")]
    [InlineData("""{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""")]
    [InlineData("""{"a":{"dtype":"F32","shape":[0,7],"data_offsets":[0,0]},"b":{"dtype":"F16","shape":[2,2],"data_offsets":[0,8]}}""")]
    public void What_the_format_allows_is_read(string header)
    {
        using var folder = new TempFolder();
        using ModelFile file = ModelFile.Open(folder.Write("x.safetensors", Raw(header, 8)));
        SafetensorsFile read = SafetensorsFile.Read(file);
        Assert.Equal(8, read.Tensors.Sum(t => t.Bytes));
    }

    /// <summary>S24.</summary>
    [Fact]
    public void A_hundred_thousand_tensors_are_read_in_bounded_memory()
    {
        using var folder = new TempFolder();
        string header = "{" + string.Join(",", Enumerable.Range(0, 100_000).Select(i => $$"""
            "tensor.{{i}}":{"dtype":"I32","shape":[1],"data_offsets":[{{4 * i}},{{4 * i + 4}}]}
            """)) + "}";
        using ModelFile file = ModelFile.Open(folder.Write("x.safetensors", Raw(header, 400_000)));
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(100_000, SafetensorsFile.Read(file).Tensors.Count);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, (64 << 20) + 10 * file.Length);
    }

    /// <summary>S24: the largest header there may be, of nothing but spaces.</summary>
    [Fact]
    public void A_hundred_megabytes_of_spaces_are_refused()
    {
        using var folder = new TempFolder();
        TinyModels.WriteFolder(folder);
        var file = new byte[8 + Limits.SafetensorsHeaderBytes];
        file.AsSpan(8).Fill((byte)' ');
        BinaryPrimitives.WriteInt64LittleEndian(file, Limits.SafetensorsHeaderBytes);
        Refusal.Of(folder.Write("model.safetensors", file), "JSON");
    }

    /// <summary>S19 in its large form: many tensors on the same bytes.</summary>
    [Fact]
    public void Many_tensors_on_the_same_bytes_are_refused()
    {
        using var folder = new TempFolder();
        TinyModels.WriteFolder(folder);
        string header = "{" + string.Join(",", Enumerable.Range(0, 130_000).Select(i => $$"""
            "{{i}}":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}
            """)) + "}";
        Refusal.Of(folder.Write("model.safetensors", Raw(header, 4)), "overlap");
    }

    [Fact]
    public void Flipped_bits_give_no_other_exception()
    {
        using var folder = new TempFolder();
        TinyModels.WriteFolder(folder);
        string path = folder["model.safetensors"];
        using ModelFile file = ModelFile.Open(path);
        int headerBytes = (int)SafetensorsFile.Read(file).Tensors.Min(t => t.Offset);
        Assert.InRange(BitFlips.Run(folder.Root, path, headerBytes, 2_000, seed: 12), 1_000, 2_000);
    }

    [Fact]
    public void A_sharded_model_opens_from_the_folder_or_any_shard()
    {
        using var folder = new TempFolder();
        WriteShards(folder, map => map);
        using (Checkpoint checkpoint = Checkpoint.Open(folder.Root))
            Assert.Equal(2, checkpoint.Tensors.Select(t => t.File).Distinct().Count());
        using (Checkpoint checkpoint = Checkpoint.Open(folder["model-00002-of-00002.safetensors"])) Assert.NotEmpty(checkpoint.Tensors);
        Refusal.Of(() => Checkpoint.Open(folder.Root, "mmproj.gguf"), folder.Root, "only GGUF");
    }

    /// <summary>S28.</summary>
    [Theory]
    [InlineData("../../etc/passwd")]
    [InlineData("/etc/passwd.safetensors")]
    [InlineData("../x.safetensors")]
    [InlineData("https:" + "//host/x.safetensors")]
    [InlineData("C:x.safetensors")]
    [InlineData("a\\x.safetensors")]
    [InlineData("")]
    [InlineData("x.bin")]
    public void An_index_may_only_name_files_beside_it(string name)
    {
        using var folder = new TempFolder();
        WriteShards(folder, map => map.ToDictionary(pair => pair.Key, pair => pair.Key == "model.norm.weight" ? name : pair.Value));
        Refusal.Of(folder.Root, "model.safetensors.index.json", "model.norm.weight", "same folder");
    }

    /// <summary>S28, S29.</summary>
    [Fact]
    public void An_index_that_contradicts_the_files_is_refused()
    {
        With(map => map.ToDictionary(p => p.Key, p => p.Key == "model.norm.weight" ? "model-00009-of-00002.safetensors" : p.Value),
            "model-00009-of-00002.safetensors");
        With(map => map.Append(new("nowhere", "model-00001-of-00002.safetensors")).ToDictionary(), "nowhere", "does not hold");
        With(map => map.ToDictionary(p => p.Key, p => "model-00001-of-00002.safetensors"), "does not hold");
        using var folder = new TempFolder();
        WriteShards(folder, map => map);
        SafetensorsWriter.Save(folder["model-00002-of-00002.safetensors"], TinyModels.Tensors());
        Refusal.Of(folder.Root, "is defined in");
        folder.Write("model.safetensors.index.json", """{"weight_map":{"a":"b.safetensors","a":"c.safetensors"}}""");
        Refusal.Of(folder.Root, "index.json", "JSON");
        folder.Write("model.safetensors.index.json", """{"weight_map":[]}""");
        Refusal.Of(folder.Root, "index.json", "weight_map", "an object");
        File.Delete(folder["model.safetensors.index.json"]);
        Refusal.Of(folder.Root, "neither model.safetensors nor");

        static void With(Func<Dictionary<string, string>, Dictionary<string, string>> change, params string[] mentions)
        {
            using var folder = new TempFolder();
            WriteShards(folder, change);
            Refusal.Of(folder.Root, mentions);
        }
    }

    static void WriteShards(TempFolder folder, Func<Dictionary<string, string>, Dictionary<string, string>> change)
    {
        TinyModels.WriteFolder(folder);
        File.Delete(folder["model.safetensors"]);
        List<TensorToWrite> tensors = TinyModels.Tensors();
        var map = new Dictionary<string, string>();
        for (int shard = 1; shard <= 2; shard++)
        {
            List<TensorToWrite> part = [.. tensors.Where((_, i) => i % 2 == shard - 1)];
            SafetensorsWriter.Save(folder[$"model-0000{shard}-of-00002.safetensors"], part);
            foreach (TensorToWrite tensor in part) map.Add(tensor.Name, $"model-0000{shard}-of-00002.safetensors");
        }
        string json = System.Text.Json.JsonSerializer.Serialize(new { metadata = new { total_size = 1 }, weight_map = change(map) });
        folder.Write("model.safetensors.index.json", json);
    }

    static Dictionary<string, (byte[], string[])> Cases()
    {
        var all = new Dictionary<string, (byte[], string[])>();
        void Bytes(string name, byte[] file, params string[] mentions) => all.Add(name, (file, mentions));
        void Header(string name, string header, params string[] mentions) => all.Add(name, (Raw(header, 8), mentions));
        void Entry(string name, string entry, params string[] mentions) => Header(name, $$"""{"a":{{entry}}}""", ["a", .. mentions]);

        Bytes("S01 empty", [], "empty");
        Bytes("S02 seven bytes", new byte[7], "7 bytes");
        Bytes("S03 header of no bytes", new byte[8], "JSON");
        Bytes("S04 header of 2^64-1", [.. RawGguf.UInt64(ulong.MaxValue), .. new byte[64]], "18446744073709551615");
        Bytes("S05 header of 100,000,001", [.. RawGguf.UInt64(100_000_001), .. new byte[64]], "100000001", "limit 100000000");
        Bytes("S06 header beyond the file", [.. RawGguf.UInt64(65), .. new byte[64]], "65", "64");
        Bytes("S07 not UTF-8", [.. RawGguf.UInt64(4), (byte)'{', 0xFF, 0xFE, (byte)'}'], "UTF-8");
        Header("S08 not JSON", "hello", "JSON");
        Header("S08 cut JSON", """{"a":""", "JSON");
        Header("S08 half a surrogate pair in a name", """{"\ud800":1}""", "model.safetensors");
        Header("S09 array at the root", "[]", "a list", "an object");
        Header("S12 duplicate tensor", $$"""{"a":{{Tensor}},"a":{{Tensor}}}""", "JSON");
        Entry("S13 duplicate shape", """{"dtype":"F32","shape":[2],"shape":[2],"data_offsets":[0,8]}""", "JSON");
        foreach (string type in new[] { "F128", "F64", "U8", "F8_E5M2", "F4", "" })
            Entry($"S14 type {type}", $$"""{"dtype":"{{type}}","shape":[2],"data_offsets":[0,8]}""", "not supported", "supported: F32");
        Entry("S14 no type", """{"shape":[2],"data_offsets":[0,8]}""", "dtype");
        Entry("S14 type 7", """{"dtype":7,"shape":[2],"data_offsets":[0,8]}""", "dtype");
        foreach (string shape in new[] { "[-2]", "[2.5]", "[2e0]", "[\"2\"]", "[null]", "[[2]]", "2", "{}", "[99999999999999999999]",
            "[1,1,1,1,1,1,1,1,2]" })
            Entry($"S15 shape {shape}", $$"""{"dtype":"F32","shape":{{shape}},"data_offsets":[0,8]}""", "shape");
        Entry("S16 shape overflows", """{"dtype":"F32","shape":[2,9223372036854775807],"data_offsets":[0,8]}""", "2^63");
        Entry("S16 dimension beyond 2^63", """{"dtype":"F32","shape":[2,18446744073709551614],"data_offsets":[0,8]}""", "shape");
        Entry("S17 size is not that of the offsets", """{"dtype":"F32","shape":[3],"data_offsets":[0,8]}""", "12 bytes");
        Entry("S18 begin after end", """{"dtype":"F32","shape":[2],"data_offsets":[8,0]}""", "[8, 0]");
        Entry("S18 three offsets", """{"dtype":"F32","shape":[2],"data_offsets":[0,4,8]}""", "data_offsets");
        Entry("S18 end beyond the file", """{"dtype":"F32","shape":[4],"data_offsets":[0,16]}""", "[0, 16]");
        Header("S19 overlap", """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "overlap");
        Header("S20 hole", """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F16","shape":[1],"data_offsets":[6,8]}}""", "hole");
        Header("S20 hole at the start", """{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "hole");
        Header("S21 tail", """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "last tensor");
        Bytes("S22 two bytes missing", Raw($$"""{"a":{{Tensor}}}""", 6), "[0, 8]");
        Header("S23 metadata of numbers", $$"""{"__metadata__":{"a":1},"a":{{Tensor}}}""", "__metadata__");
        Header("S23 metadata as a list", $$"""{"__metadata__":[],"a":{{Tensor}}}""", "__metadata__", "a list");
        Header("S25 deep JSON", new string((char)91, 100_000), "an object");
        Header("S25 deep JSON in a field", $$"""{"a":{{string.Concat(Enumerable.Repeat("{\"a\":", 70))}}1{{new string('}', 71)}}""", "JSON");
        Entry("S27 half a byte each", """{"dtype":"F4","shape":[3],"data_offsets":[0,8]}""", "F4");
        Header("tensor that is a number", """{"a":5}""", "a", "object");
        return all;
    }

    static byte[] Raw(string header, int dataBytes)
    {
        byte[] utf8 = Text.UTF8.GetBytes(header);
        return [.. RawGguf.UInt64((ulong)utf8.Length), .. utf8, .. new byte[dataBytes]];
    }
}
