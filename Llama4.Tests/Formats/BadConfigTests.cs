using System.Text.Json.Nodes;
using Llama4.Core;
using Llama4.Core.Formats;
using Llama4.Kernels;

namespace Llama4.Tests.Formats;

/// <summary>Rows S30, S31, K09, K11, K12: config.json, generation_config.json and their like.</summary>
public class BadConfigTests
{
    public static TheoryData<string, string> Numbers
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (string key in new[] { "num_hidden_layers", "hidden_size", "num_attention_heads", "head_dim", "vocab_size",
                "num_local_experts", "intermediate_size" })
                foreach (string value in new[] { "-1", "1000000000", "\"48\"", "1e999", "2.5", "[]", "true" }) data.Add(key, value);
            foreach (string key in new[] { "rope_theta", "rms_norm_eps", "floor_scale", "attn_scale" })
                foreach (string value in new[] { "-1", "1e999", "\"1\"", "[]", "true" }) data.Add(key, value);
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Numbers))]
    public void Numbers_out_of_range_are_refused(string key, string value)
    {
        JsonObject config = TinyModels.Config();
        config.Remove(key);
        string json = config.ToJsonString();
        Refused(folder => folder.Write("config.json", $"{json[..^1]},\"{key}\":{value}}}"), "config.json", $"$.{key}", value);
    }

    [Fact]
    public void Other_mistakes_in_config_are_refused()
    {
        Refused(folder => File.Delete(folder["config.json"]), "no config.json");
        Refused(folder => folder.Write("config.json", "{\"num_hidden_layers\":NaN}"), "config.json", "JSON");
        Refused(folder => folder.Write("config.json", "[]"), "config.json", "object");
        Refused(folder => folder.Write("config.json", new byte[Limits.ConfigBytes + 1]), "config.json", "limit");
        Config(c => c["model_type"] = "llama", "model_type", "llama");
        Config(c => c["model_type"] = "llama4", "without text_config");
        Config(c => c.Remove("model_type"), "model_type", "missing");
        Config(c => c["hidden_act"] = "gelu", "hidden_act", "gelu");
        Config(c => c["attention_bias"] = true, "attention_bias");
        Config(c => c["num_key_value_heads"] = 3, "num_key_value_heads");
        Config(c => { c["num_attention_heads"] = 3; c["num_key_value_heads"] = 2; }, "3 query heads");
        Config(c => c["head_dim"] = 15, "15");
        Config(c => c["num_experts_per_tok"] = 3, "num_experts_per_tok");
        Config(c => c["moe_layers"] = new JsonArray(2), "moe_layers[0]");
        Config(c => c["no_rope_layers"] = new JsonArray(1), "no_rope_layers", "1 entries");
        Config(c => c["no_rope_layers"] = new JsonArray(1, 2), "no_rope_layers[1]");
        Config(c => c["layer_types"] = new JsonArray("chunked_attention", "sliding_attention"), "layer_types[1]", "sliding_attention");
        Config(c => c["layer_types"] = new JsonArray("chunked_attention"), "layer_types");
        Config(c => c["layer_types"] = new JsonArray("chunked_attention", "full_attention"), "layer_types", "all or none");
        Config(c => c["rope_scaling"] = new JsonObject { ["rope_type"] = "yarn", ["factor"] = 2 }, "rope_scaling.rope_type", "yarn");
        Config(c => c["rope_scaling"] = new JsonObject { ["rope_type"] = "llama3" }, "rope_scaling");
        Config(c => c["bos_token_id"] = 262, "bos_token_id");
        Config(c => c["eos_token_id"] = new JsonArray(1, -5), "eos_token_id[1]");
    }

    [Fact]
    public void Weights_that_do_not_fit_the_configuration_are_refused()
    {
        Config(c => c["hidden_size"] = 64, "embed_tokens.weight", "[262, 32]", "[262, 64]");
        Config(c => c["num_hidden_layers"] = 3, "model.layers.2.", "missing");
        Config(c => c["num_hidden_layers"] = 1, "model.layers.1.", "no place");
        Config(c => c["moe_layers"] = new JsonArray(), "gate_proj.weight", "missing");
        Config(c => c["interleave_moe_layer_step"] = 0, "gate_proj.weight", "missing");
        Tensors(t => t.RemoveAll(x => x.Name == "lm_head.weight"), "lm_head.weight", "missing");
        Tensors(t => t.Add(TinyModels.Zero("model.layers.0.self_attn.q_proj.bias", Encoding.F32, 32)), "q_proj.bias", "not supported");
        Tensors(t => t[0] = TinyModels.Zero(t[0].Name, Encoding.I32, 262, 32), "embed_tokens", "I32");
    }

    [Fact]
    public void Layouts_of_other_quantisers_are_refused_by_name()
    {
        Quantised(new JsonObject { ["quant_method"] = "awq" }, "awq", "supported: compressed-tensors");
        Quantised(new JsonObject { ["quant_method"] = "modelopt" }, "modelopt");
        Quantised(new JsonObject { ["quant_method"] = "compressed-tensors", ["format"] = "pack-quantized" }, "pack-quantized");
        Quantised(Scheme("num_bits", 4), "num_bits", "is 4");
        Quantised(Scheme("type", "int"), "type", "is int");
        Quantised(Scheme("strategy", "block"), "strategy", "is block");
        Quantised(Scheme("symmetric", false), "symmetric");
        // FP8 without its scales, scales without FP8, and scales of another granularity.
        Tensors(t => t[0] = TinyModels.Zero(t[0].Name, Encoding.F8E4M3, 262, 32), "embed_tokens.weight", "weight_scale");
        Tensors(t => t.Add(TinyModels.Zero("model.layers.0.self_attn.q_proj.weight_scale", Encoding.F32, 32, 1)), "q_proj.weight", "BF16");
        Tensors(t =>
        {
            int q = t.FindIndex(x => x.Name == "model.layers.0.self_attn.q_proj.weight");
            t[q] = TinyModels.Zero(t[q].Name, Encoding.F8E4M3, 32, 32);
            t.Add(TinyModels.Zero("model.layers.0.self_attn.q_proj.weight_scale", Encoding.F32, 8, 8));
        }, "q_proj.weight_scale", "[8, 8]", "granularities");

        static JsonObject Scheme(string key, JsonNode value) => new()
        {
            ["quant_method"] = "compressed-tensors",
            ["format"] = "float-quantized",
            ["config_groups"] = new JsonObject { ["group_0"] = new JsonObject { ["weights"] = new JsonObject { [key] = value } } },
        };

        static void Quantised(JsonObject settings, params string[] mentions) => Config(c => c["quantization_config"] = settings, mentions);
    }

    [Theory]
    [InlineData("""{"temperature":-1}""", "$.temperature")]
    [InlineData("""{"temperature":1e999}""", "$.temperature")]
    [InlineData("""{"top_k":1000000000}""", "$.top_k")]
    [InlineData("""{"top_k":-1}""", "$.top_k")]
    [InlineData("""{"top_p":1.5}""", "$.top_p")]
    [InlineData("""{"eos_token_id":262}""", "$.eos_token_id")]
    [InlineData("""{"eos_token_id":[1,"x"]}""", "$.eos_token_id[1]")]
    [InlineData("""{"eos_token_id":-1}""", "$.eos_token_id")]
    [InlineData("""{"eos_token_id":1,"eos_token_id":2}""", "JSON")]
    [InlineData("""{"do_sample":"yes"}""", "$.do_sample")]
    [InlineData("""hello""", "JSON")]
    public void Bad_generation_defaults_are_refused(string json, string place) =>
        Refused(folder => folder.Write("generation_config.json", json), "generation_config.json", place);

    [Fact]
    public void Generation_defaults_are_read()
    {
        using var folder = new TempFolder();
        TinyModels.WriteFolder(folder);
        folder.Write("generation_config.json", """{"do_sample":true,"temperature":0.6,"top_p":0.9,"top_k":50,"eos_token_id":7}""");
        using Checkpoint checkpoint = Checkpoint.Open(folder.Root);
        GenerationDefaults g = checkpoint.Generation;
        Assert.Equal((true, 0.6f, 0.9f, 50, true), (g.Sample, g.Temperature, g.TopP, g.TopK, g.AddBegin));
        Assert.Equal([7, 257, 258, 259], g.EndTokens);
    }

    /// <summary>K11 and the places where a template may stand.</summary>
    [Fact]
    public void Chat_templates_are_found_and_limited()
    {
        using var folder = new TempFolder();
        TinyModels.WriteFolder(folder);
        Assert.Null(Template());
        folder.Write("chat_template.json", """{"chat_template":"from json"}""");
        Assert.Equal("from json", Template());
        folder.Write("processor_config.json", """{"chat_template":"from processor"}""");
        Assert.Equal("from processor", Template());
        folder.Write("tokenizer_config.json", """{"chat_template":[{"name":"tool_use","template":"t"},{"name":"default","template":"named"}]}""");
        Assert.Equal("named", Template());
        folder.Write("tokenizer_config.json", """{"chat_template":"plain"}""");
        Assert.Equal("plain", Template());
        folder.Write("chat_template.jinja", "own file");
        Assert.Equal("own file", Template());

        folder.Write("chat_template.jinja", new byte[10 << 20]);
        Refusal.Of(folder.Root, "chat_template.jinja", "limit");
        folder.Write("chat_template.jinja", [0xFF, 0xFE, 0x00]);
        Refusal.Of(folder.Root, "chat_template.jinja", "UTF-8");
        File.Delete(folder["chat_template.jinja"]);
        folder.Write("tokenizer_config.json", $$"""{"chat_template":"{{new string('x', 2 << 20)}}"}""");
        Refusal.Of(folder.Root, "tokenizer_config.json", "chat template of 2097152 bytes");
        folder.Write("tokenizer_config.json", """{"chat_template":[{"name":"tool_use","template":"t"}]}""");
        Refusal.Of(folder.Root, "tokenizer_config.json", "tool_use");
        folder.Write("tokenizer_config.json", """{"chat_template":5}""");
        Refusal.Of(folder.Root, "tokenizer_config.json", "chat_template");

        string? Template()
        {
            using Checkpoint checkpoint = Checkpoint.Open(folder.Root);
            return checkpoint.ChatTemplate;
        }
    }

    [Fact]
    public void A_template_in_gguf_is_limited_too()
    {
        using var folder = new TempFolder();
        RawGguf file = TinyModels.Gguf();
        file.Set("tokenizer.chat_template", new string('x', 10 << 20));
        Refusal.Of(folder.Write("x.gguf", file.Build()), "tokenizer.chat_template", "10485760");
    }

    static void Config(Action<JsonObject> change, params string[] mentions)
    {
        JsonObject config = TinyModels.Config();
        change(config);
        Refused(folder => folder.Write("config.json", config.ToJsonString()), mentions);
    }

    static void Tensors(Action<List<TensorToWrite>> change, params string[] mentions)
    {
        List<TensorToWrite> tensors = TinyModels.Tensors();
        change(tensors);
        Refused(folder => SafetensorsWriter.Save(folder["model.safetensors"], tensors), mentions);
    }

    static void Refused(Action<TempFolder> change, params string[] mentions)
    {
        using var folder = new TempFolder();
        TinyModels.WriteFolder(folder);
        change(folder);
        Refusal.Of(folder.Root, mentions);
    }
}
