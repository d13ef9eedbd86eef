using System.Text.Json.Nodes;
using Llama4.Core.Formats;
using Llama4.Kernels;

namespace Llama4.Tests.Formats;

/// <summary>Limits that no other test reaches: each is refused by name, before memory is taken.</summary>
public class LimitsTests
{
    [Fact]
    public void Gguf_headers_have_limits()
    {
        Gguf(f => f.TensorCount = Limits.Tensors + 1, "131073 tensors, limit 131072");
        Gguf(f => f.KeyCount = Limits.GgufKeys + 1, "65537 keys, limit 65536");
        Gguf(f => f.Set("general.architecture", new string('x', Limits.GgufSettingBytes + 1)), "general.architecture", "65537 bytes");
        Gguf(f => f.Set("llama4.attention.sliding_window_pattern", new int[Limits.Layers + 1]), "sliding_window_pattern", "1025 entries");
        Gguf(f => f.Set("llama4.vocab_size", Limits.Vocabulary + 1u), "llama4.vocab_size", "1048577");
        Gguf(f => f.Set("llama4.embedding_length", Limits.Width + 1u), "llama4.embedding_length", "131073");
        Gguf(f => f.Set("llama4.feed_forward_length", Limits.FeedForwardWidth + 1u), f => f.Set("llama4.interleave_moe_layer_step", 2u),
            "feed_forward_length");
        Gguf(f => f.Set("llama4.context_length", uint.MaxValue), "llama4.context_length", "4294967295");
        Gguf(f => f.Set("llama4.expert_count", 4096u), f => f.Set("llama4.block_count", 1000u), "4096000 in all layers together");
        Gguf(f => f.Set("llama4.attention.head_count", 1024u), f => f.Set("llama4.attention.head_count_kv", 1024u), f =>
        {
            foreach (string key in new[] { "attention.key_length", "attention.value_length", "rope.dimension_count" })
                f.Set("llama4." + key, 1024u);
        }, "1048576 wide");
    }

    /// <summary>A text of 600 MB that is really there: the file has it, as a hole.</summary>
    [Fact]
    public void A_gguf_header_of_half_a_gigabyte_is_refused_before_it_is_read()
    {
        using var folder = new TempFolder();
        RawGguf file = TinyModels.Gguf();
        file.Pairs.Insert(0, new RawGguf.Pair("a"u8.ToArray(), RawGguf.StringType, RawGguf.UInt64(600 << 20)));
        string path = folder.Write("x.gguf", file.Build());
        using (FileStream stream = File.OpenWrite(path)) stream.SetLength(700 << 20);
        Refusal.Of(path, "key a", "limit 536870912");
    }

    [Fact]
    public void Folders_have_limits()
    {
        Config(c => c["vocab_size"] = Limits.Vocabulary + 1, "$.vocab_size");
        Config(c => { c["num_local_experts"] = 4096; c["num_hidden_layers"] = 1000; }, "4096000 in all layers together");
        Config(c => c["moe_layers"] = new JsonArray([.. Enumerable.Repeat(0, 3).Select(i => (JsonNode)i)]), "$.moe_layers",
            "3 entries, limit 2");
        using var folder = new TempFolder();
        TinyModels.WriteFolder(folder);
        folder.Write("tokenizer.json", "{" + string.Join(",", Enumerable.Range(0, Limits.JsonFields + 1).Select(i => $"\"{i}\":0")) + "}");
        Refusal.Of(folder.Root, "tokenizer.json", "more than 256 fields");
        List<TensorToWrite> many = [.. Enumerable.Range(0, Limits.Tensors + 1).Select(i => TinyModels.Zero($"{i}", Encoding.F16, 0))];
        TinyModels.WriteFolder(folder, tensors: many);
        Refusal.Of(folder.Root, "model.safetensors", "more than 131072");
    }

    /// <summary>Names and values of any length stay short in the list for people.</summary>
    [Fact]
    public void Metadata_for_people_is_short()
    {
        using var folder = new TempFolder();
        JsonObject config = TinyModels.Config();
        string longName = new('n', 100_000);
        config[longName] = new JsonObject { [longName] = new JsonArray([.. Enumerable.Range(0, 50_000).Select(i => (JsonNode)i)]) };
        for (int i = 0; i < 5000; i++) config[$"key{i}"] = i;
        config["z"] = new string('v', 100_000);
        TinyModels.WriteFolder(folder, config);
        using Checkpoint checkpoint = Checkpoint.Open(folder.Root);
        Assert.All(checkpoint.Metadata, pair => Assert.InRange(pair.Key.Length + pair.Value.Length, 1, 410));
        Assert.Equal(2000, checkpoint.Metadata.Count);
        RawGguf file = TinyModels.Gguf();
        file.Set("general.name", new string('v', 1 << 20));
        using Checkpoint gguf = Checkpoint.Open(folder.Write("x.gguf", file.Build()));
        Assert.Equal(201, gguf.Metadata.Single(pair => pair.Key == "general.name").Value.Length);
    }

    [Fact]
    public void Paths_that_cannot_exist_are_refused()
    {
        Refusal.Of("a\0b.gguf", "no such file");
        Refusal.Of(new string('a', 10_000) + ".gguf", "no such file");
        Assert.Throws<ArgumentException>(() => Checkpoint.Open(""));
    }

    static void Gguf(Action<RawGguf> change, params string[] mentions) => Gguf(change, _ => { }, mentions);

    static void Gguf(Action<RawGguf> first, Action<RawGguf> second, params string[] mentions) => Gguf(first, second, _ => { }, mentions);

    static void Gguf(Action<RawGguf> first, Action<RawGguf> second, Action<RawGguf> third, params string[] mentions)
    {
        using var folder = new TempFolder();
        RawGguf file = TinyModels.Gguf();
        first(file);
        second(file);
        third(file);
        Refusal.Of(folder.Write("x.gguf", file.Build()), mentions);
    }

    static void Config(Action<JsonObject> change, params string[] mentions)
    {
        using var folder = new TempFolder();
        JsonObject config = TinyModels.Config();
        change(config);
        TinyModels.WriteFolder(folder, config);
        Refusal.Of(folder.Root, mentions);
    }
}
