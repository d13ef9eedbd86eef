using System.Text.Json.Nodes;
using Llama4.Core.Formats;
using Llama4.Core.Model;
using Llama4.Kernels;
using Llama4.Kernels.Cpu;
using Text = System.Text.Encoding;

namespace Llama4.Tests.Formats;

/// <summary>Row U32: a tiny file in the shape of each member of the family, in old and new spelling, loads.</summary>
public class FamilyTests
{
    static readonly CancellationToken cancel = TestContext.Current.CancellationToken;

    [Fact]
    public void Llama_guard_is_dense_rotary_everywhere_and_without_chunks()
    {
        JsonObject text = TinyModels.Config(step: 0);
        text["attention_chunk_size"] = null;
        text["moe_layers"] = new JsonArray();
        text["no_rope_layers"] = new JsonArray();
        text["no_rope_layer_interval"] = 96;
        using var loaded = new Loaded(Nested(text), Prefixed(TinyModels.Tensors(step: 0), "language_model."));
        TextConfig c = loaded.Checkpoint.Config.Text;
        Assert.Equal((0, 0, 0, 32), (c.ChunkLength, c.Experts, c.ExpertWidth, c.DenseWidth));
        Assert.All(c.UsesRope, Assert.True);
        Assert.All(loaded.Weights.Layers, layer => Assert.NotNull(layer.Dense));
    }

    [Fact]
    public void Mobile_llm_is_flat_dense_and_tied()
    {
        JsonObject config = TinyModels.Config(step: 0);
        config["architectures"] = new JsonArray("Llama4ForCausalLM");
        config["tie_word_embeddings"] = true;
        config["no_rope_layers"] = new JsonArray(1, 1);
        config["attn_temperature_tuning"] = false;
        List<TensorToWrite> tensors = TinyModels.Tensors(step: 0);
        using (var loaded = new Loaded(config, tensors)) Check(loaded);
        // The stored copy of a tied output is not needed.
        tensors.RemoveAll(t => t.Name == "lm_head.weight");
        using (var loaded = new Loaded(config, tensors)) Check(loaded);

        static void Check(Loaded loaded)
        {
            Assert.True(loaded.Checkpoint.Config.Text.TiedOutput);
            Assert.False(loaded.Checkpoint.Config.Text.TemperatureTuning);
            Assert.Equal(loaded.Weights.Embedding, loaded.Weights.Output.Values);
        }
    }

    [Fact]
    public void Configurations_saved_by_newer_code_are_understood()
    {
        JsonObject text = TinyModels.Config();
        text["num_hidden_layers"] = 2;
        text["no_rope_layers"] = new JsonArray(1, 0);
        text["layer_types"] = new JsonArray("chunked_attention", "full_attention");
        text["rope_parameters"] = new JsonObject
        {
            ["rope_type"] = "llama3",
            ["rope_theta"] = 1234.0,
            ["factor"] = 16.0,
            ["low_freq_factor"] = 1.0,
            ["high_freq_factor"] = 1.0,
            ["original_max_position_embeddings"] = 8192,
        };
        text["attn_temperature_tuning"] = 4;
        using var loaded = new Loaded(Nested(text), Prefixed(TinyModels.Tensors(), "model.language_model.", "model."));
        TextConfig c = loaded.Checkpoint.Config.Text;
        Assert.Equal((1234f, new RopeScaling(16, 1, 1, 8192), 8192, true), (c.RopeTheta, c.RopeScaling!, c.ChunkLength,
            c.TemperatureTuning));
        Assert.Equal([true, false], c.UsesRope);
    }

    [Theory]
    [InlineData("full_attention", "full_attention", 0)]
    [InlineData("chunked_attention", "chunked_attention", 8192)]
    public void Layer_types_say_whether_there_are_chunks(string first, string second, int chunk)
    {
        JsonObject config = TinyModels.Config();
        config["layer_types"] = new JsonArray(first, second);
        using var loaded = new Loaded(config, TinyModels.Tensors());
        Assert.Equal(chunk, loaded.Checkpoint.Config.Text.ChunkLength);
    }

    [Fact]
    public void Missing_keys_have_the_defaults_of_the_published_class()
    {
        using var folder = new TempFolder();
        string path = folder.Write("config.json", """{"model_type":"llama4_text"}""");
        using System.Text.Json.JsonDocument document = JsonFields.Parse(path, Limits.ConfigBytes);
        var warnings = new List<string>();
        Llama4Config config = HfConfig.Read(new JsonFields(path, "$", document.RootElement), warnings);
        TextConfig c = config.Text;
        Assert.Equal((202_048, 5120, 48, 40, 8, 128), (c.Vocabulary, c.Width, c.Layers, c.Heads, c.KvHeads, c.HeadDim));
        Assert.Equal((8192, 16, 1, 8192, 131_072), (c.ExpertWidth, c.Experts, c.ExpertsPerToken, c.ChunkLength, c.MaxContext));
        Assert.Equal((1e-5f, 500_000f, true, true, 8192f, 0.1f), (c.NormEps, c.RopeTheta, c.UseQkNorm, c.TemperatureTuning,
            c.TemperatureFloor, c.TemperatureScale));
        Assert.Equal([3, 7, 11, 15, 19, 23, 27, 31, 35, 39, 43, 47], Enumerable.Range(0, 48).Where(i => !c.UsesRope[i]));
        Assert.All(c.IsMoe, Assert.True);
        Assert.Null(c.RopeScaling);
        Assert.Empty(warnings);
    }

    /// <summary>Specification 1.5: such values come from a converter's fallback.</summary>
    [Fact]
    public void A_scout_with_rope_scaling_of_8_and_4_is_warned_of()
    {
        const string scaling = """ "rope_scaling":{"rope_type":"llama3","factor":8.0,"low_freq_factor":1.0,"high_freq_factor":4.0,"original_max_position_embeddings":8192}""";
        Assert.Contains("factor 8", Assert.Single(Warnings("{\"model_type\":\"llama4_text\"," + scaling + "}")));
        Assert.Empty(Warnings("{\"model_type\":\"llama4_text\",\"num_local_experts\":128,\"interleave_moe_layer_step\":2," + scaling + "}"));

        static List<string> Warnings(string json)
        {
            using var folder = new TempFolder();
            string path = folder.Write("config.json", json);
            using System.Text.Json.JsonDocument document = JsonFields.Parse(path, Limits.ConfigBytes);
            var warnings = new List<string>();
            HfConfig.Read(new JsonFields(path, "$", document.RootElement), warnings);
            return warnings;
        }
    }

    [Fact]
    public void Fused_fp8_experts_have_a_scale_per_output()
    {
        JsonObject config = TinyModels.Config();
        config["quantization_config"] = new JsonObject { ["quant_method"] = "fbgemm_fp8" };
        List<TensorToWrite> tensors = TinyModels.Tensors();
        for (int i = 0; i < TinyModels.Layers; i++)
        {
            string p = $"model.layers.{i}.feed_forward.experts.";
            tensors.RemoveAll(t => t.Name.StartsWith(p, StringComparison.Ordinal));
            tensors.Add(TinyModels.Zero(p + "gate_up_proj", Encoding.F8E4M3, 2, 32, 64));
            tensors.Add(Counting(p + "gate_up_proj_scale", 2, 1, 64));
            tensors.Add(TinyModels.Zero(p + "down_proj", Encoding.F8E4M3, 2, 32, 32));
            tensors.Add(Counting(p + "down_proj_scale", 2, 32, 1));
        }
        using var loaded = new Loaded(config, tensors);
        MoeWeights moe = loaded.Weights.Layers[1].Moe!;
        Assert.Equal((Encoding.F8E4M3, true, 32, 32), (moe.Up[1].Encoding, moe.Up[1].InputMajor, moe.Up[1].Inputs, moe.Up[1].Outputs));
        Assert.Equal((0f, 32f, 64f, 96f, 32f), (First(moe.Gate[0]), First(moe.Up[0]), First(moe.Gate[1]), First(moe.Up[1]),
            First(moe.Down[1])));

        float First(Weight weight)
        {
            var value = new float[1];
            loaded.Device.Download<float>(weight.Scales!.Value, value);
            return value[0];
        }
    }

    [Fact]
    public void Old_gguf_files_with_a_tensor_per_expert_load()
    {
        RawGguf file = TinyModels.Gguf();
        for (int i = 0; i < TinyModels.Layers; i++)
            foreach (string name in new[] { "gate", "up", "down" })
            {
                Remove(file, $"blk.{i}.ffn_{name}_exps.weight");
                for (int e = 0; e < TinyModels.Experts; e++) TinyModels.Add(file, $"blk.{i}.ffn_{name}.{e}.weight", Encoding.F32, 32, 32);
            }
        using var loaded = new Loaded(file);
        Assert.Equal(2, loaded.Weights.Layers[0].Moe!.Down.Count);
    }

    [Fact]
    public void New_gguf_files_with_joined_tensors_load()
    {
        RawGguf file = TinyModels.Gguf();
        for (int i = 0; i < TinyModels.Layers; i++)
        {
            foreach (string name in new[] { "ffn_gate_exps", "ffn_up_exps", "attn_q", "attn_k", "attn_v" })
                Remove(file, $"blk.{i}.{name}.weight");
            TinyModels.Add(file, $"blk.{i}.ffn_gate_up_exps.weight", Encoding.F32, 32, 64, 2);
            TinyModels.Add(file, $"blk.{i}.attn_qkv.weight", Encoding.F32, 32, 64);
        }
        using var loaded = new Loaded(file);
        LayerWeights layer = loaded.Weights.Layers[0];
        Assert.Equal((32, 16, 16), (layer.Query.Outputs, layer.Key.Outputs, layer.Value.Outputs));
        Assert.Equal(48 * 128, layer.Value.Values.Offset - layer.Query.Values.Offset);
        Assert.Equal(32 * 128, layer.Moe!.Up[0].Values.Offset - layer.Moe.Gate[0].Values.Offset);
        Assert.Equal(64 * 128, layer.Moe.Gate[1].Values.Offset - layer.Moe.Gate[0].Values.Offset);
    }

    [Fact]
    public void Each_tensor_of_a_gguf_file_may_have_a_format_of_its_own()
    {
        RawGguf file = TinyModels.Gguf();
        Encoding[] formats = [Encoding.Q8_0, Encoding.Q4_0, Encoding.BF16, Encoding.MXFP4, Encoding.IQ4_NL, Encoding.F16, Encoding.Q5_1];
        string[] names = ["attn_q", "attn_k", "attn_v", "ffn_gate_exps", "ffn_up_exps", "ffn_down_exps", "ffn_gate_shexp"];
        for (int i = 0; i < names.Length; i++)
        {
            Encoding format = formats[i];
            file.Change($"blk.0.{names[i]}.weight", t => t with
            {
                Type = GgmlType.FromEncoding(format),
                Data = new byte[format.RowBytes(32) * (long)t.Dimensions.Skip(1).Aggregate(1UL, (a, b) => a * b)],
            });
        }
        using var loaded = new Loaded(file);
        LayerWeights first = loaded.Weights.Layers[0], second = loaded.Weights.Layers[1];
        Assert.Equal((Encoding.Q8_0, Encoding.Q4_0, Encoding.BF16), (first.Query.Encoding, first.Key.Encoding, first.Value.Encoding));
        Assert.Equal((Encoding.MXFP4, Encoding.IQ4_NL, Encoding.F16), (first.Moe!.Gate[1].Encoding, first.Moe.Up[1].Encoding,
            first.Moe.Down[1].Encoding));
        Assert.Equal(Encoding.F32, second.Query.Encoding);
    }

    [Fact]
    public void Rules_that_a_gguf_file_spells_out_are_obeyed()
    {
        TextConfig c = Config(f =>
        {
            f.Set("llama4.attention.chunk_size", 64u);
            f.Set("llama4.attention.temperature_length", 32u);
            f.Set("llama4.attention.temperature_scale", 0.25f);
            f.Set("llama4.attention.sliding_window_pattern", 2u);
        });
        Assert.Equal((64, 32f, 0.25f), (c.ChunkLength, c.TemperatureFloor, c.TemperatureScale));
        Assert.Equal([true, false], c.UsesRope);
        // Without chunks, as converters write it: rotary positions everywhere.
        c = Config(f => { f.Set("llama4.attention.sliding_window", 0u); f.Set("llama4.attention.sliding_window_pattern", 2u); });
        Assert.Equal(0, c.ChunkLength);
        Assert.Equal([true, true], c.UsesRope);
        c = Config(f => f.Set("llama4.attention.sliding_window", 8192u));
        Assert.Equal(8192, c.ChunkLength);
        c = Config(f => f.Set("llama4.attention.sliding_window_pattern", [0, 1]));
        Assert.Equal([false, true], c.UsesRope);
        c = Config(f => Remove(f, "output.weight"));
        Assert.True(c.TiedOutput);
        Assert.True(c.UseQkNorm);

        static TextConfig Config(Action<RawGguf> change)
        {
            RawGguf file = TinyModels.Gguf();
            change(file);
            using var loaded = new Loaded(file);
            return loaded.Checkpoint.Config.Text;
        }
    }

    [Fact]
    public void The_128_experts_of_maverick_have_no_qk_norm()
    {
        RawGguf file = TinyModels.Gguf(step: 2);
        file.Set("llama4.expert_count", 128u);
        Remove(file, "blk.1.ffn_gate_inp.weight");
        TinyModels.Add(file, "blk.1.ffn_gate_inp.weight", Encoding.F32, 32, 128);
        foreach (string name in new[] { "gate", "up", "down" })
        {
            Remove(file, $"blk.1.ffn_{name}_exps.weight");
            TinyModels.Add(file, $"blk.1.ffn_{name}_exps.weight", Encoding.Q8_0, 32, 32, 128);
        }
        using var loaded = new Loaded(file);
        Assert.False(loaded.Checkpoint.Config.Text.UseQkNorm);
        Assert.Equal(128, loaded.Weights.Layers[1].Moe!.Up.Count);
    }

    [Fact]
    public void Rotary_factors_must_be_positive()
    {
        using var folder = new TempFolder();
        RawGguf file = TinyModels.Gguf();
        TinyModels.Add(file, "rope_freqs.weight", Encoding.F32, 8);
        Refusal.Of(folder.Write("x.gguf", file.Build()), "rope_freqs.weight", "factor 0");
    }

    static void Remove(RawGguf file, string name) => file.Tensors.RemoveAll(t => Text.ASCII.GetString(t.Name) == name);

    static JsonObject Nested(JsonObject text)
    {
        text["model_type"] = "llama4_text";
        return new JsonObject { ["model_type"] = "llama4", ["text_config"] = text };
    }

    static List<TensorToWrite> Prefixed(List<TensorToWrite> tensors, string prefix, string remove = "") =>
        [.. tensors.Select(t => t.Name == "lm_head.weight" ? t with { Name = remove.Length == 0 ? prefix + t.Name : t.Name } : t with { Name = prefix + t.Name[remove.Length..] })];

    /// <summary>F32 numbers 0, 1, 2, …</summary>
    static TensorToWrite Counting(string name, params long[] dimensions)
    {
        var bytes = new byte[4 * dimensions.Aggregate(1L, (a, b) => a * b)];
        for (int i = 0; i < bytes.Length / 4; i++) BitConverter.TryWriteBytes(bytes.AsSpan(4 * i), (float)i);
        return new TensorToWrite(name, dimensions, Encoding.F32, bytes);
    }

    /// <summary>A model written, opened and loaded.</summary>
    sealed class Loaded : IDisposable
    {
        readonly TempFolder folder = new();

        public Loaded(JsonObject config, List<TensorToWrite> tensors)
        {
            TinyModels.WriteFolder(folder, (JsonObject)config.DeepClone(), tensors);
            Checkpoint = Checkpoint.Open(folder.Root);
            Weights = Checkpoint.LoadText(Device, cancel: cancel);
        }

        public Loaded(RawGguf file)
        {
            Checkpoint = Checkpoint.Open(folder.Write("x.gguf", file.Build()));
            Weights = Checkpoint.LoadText(Device, cancel: cancel);
        }

        public CpuDevice Device { get; } = new(new CpuOptions { Threads = 1 });

        public Checkpoint Checkpoint { get; }

        public Llama4Weights Weights { get; }

        public void Dispose()
        {
            Checkpoint.Dispose();
            Device.Dispose();
            folder.Dispose();
        }
    }
}
