using System.Text.Json.Nodes;
using Llama4.Core.Formats;
using Llama4.Core.Tokenization;

namespace Llama4.Tests.Formats;

/// <summary>Rows K01 to K10 of the corpus, for tokenizer.json, tokenizer.model and GGUF.</summary>
public class BadTokenizerTests
{
    /// <summary>K01.</summary>
    [Fact]
    public void A_model_without_tokenizer_opens_with_a_warning_and_no_vocabulary()
    {
        using var folder = new TempFolder();
        TinyModels.WriteFolder(folder);
        File.Delete(folder["tokenizer.json"]);
        using (Checkpoint checkpoint = Checkpoint.Open(folder.Root))
        {
            Assert.Empty(checkpoint.Tokenizer.Tokens);
            Assert.Contains("token ids only", Assert.Single(checkpoint.Warnings));
        }
        RawGguf file = TinyModels.Gguf();
        foreach (string key in new[] { "tokens", "token_type", "merges", "model", "pre", "bos_token_id" })
            file.Remove("tokenizer.ggml." + key);
        using (Checkpoint checkpoint = Checkpoint.Open(folder.Write("x.gguf", file.Build())))
        {
            Assert.Empty(checkpoint.Tokenizer.Tokens);
            Assert.Contains("token ids only", Assert.Single(checkpoint.Warnings));
        }
    }

    [Fact]
    public void Bad_json_vocabularies_are_refused()
    {
        Refused(folder => folder.Write("tokenizer.json", "hello"), "JSON");
        Refused(folder => folder.Write("tokenizer.json", "[]"), "an object");
        Refused(folder => folder.Write("tokenizer.json", new string('[', 100_000)), "tokenizer.json");
        Refused(folder => folder.Write("tokenizer.json", """{"model":{"vocab":{},"vocab":{}}}"""), "$.model.vocab", "twice");
        Refused(folder => folder.Write("tokenizer.json", """{"added_tokens":[],"added_tokens":[]}"""), "$.added_tokens", "twice");
        Refused(folder => folder.Write("tokenizer.json", """{"model":{"type":"BPE","vocab":{"a":0,"\ud800":1},"merges":[]}}"""), "Unicode");
        Json(t => t.Remove("model"), "$.model", "missing");
        Json(t => t["model"]!["type"] = "Unigram", "Unigram");
        Json(t => t["model"]!["end_of_word_suffix"] = "</w>", "</w>");
        Json(t => t["model"]!.AsObject().Remove("merges"), "$.model.merges", "missing");
        Json(t => t["model"]!.AsObject().Remove("vocab"), "$.model.vocab", "missing");
        Vocab(v => v["a"] = "x", "$.model.vocab", "a string");
        Vocab(v => v["a"] = 1.5, "$.model.vocab", "1.5");
        Vocab(v => v["€"] = 260, "€", "alphabet");
        Vocab(v => v[new string('a', 300)] = 260, "300 bytes", "limit 256");
        Vocab(v => v[new string('a', 3000)] = 260, "3000 bytes");
    }

    /// <summary>K02: refused by its size before any of it is read.</summary>
    [Fact]
    public void A_tokenizer_of_200_megabytes_is_refused() => Refused(folder =>
    {
        using FileStream stream = File.Create(folder["tokenizer.json"]);
        stream.SetLength(200 << 20);
    }, "tokenizer.json", "209715200 bytes", "limit");

    /// <summary>K03, and lists that the ranks do not imply.</summary>
    [Fact]
    public void Merges_that_are_not_those_of_the_ranks_are_refused()
    {
        Accepted(["ab", "abc"], ["a b", "ab c"]);
        Accepted(["ab", "bc", "abc"], ["a b", "b c", "a bc", "ab c"]);
        Accepted(["ab", "bc", "abc"], ["a b", "b c", "ab c", "a bc"]);
        Bad(["ab"], ["a xyz"], "$.model.merges[0]", "no token");
        Bad(["ab"], ["a c"], "$.model.merges[0]", "does not give a token");
        Bad(["ab"], ["a b", "a b"], "$.model.merges[1]", "there are no more");
        Bad(["ab"], [], "$.model.merges", "missing gives token 256");
        Bad(["ab", "bc", "abc"], ["b c", "a b", "a bc", "ab c"], "$.model.merges[0]", "token 257", "token 256");
        Bad(["ab", "bc", "abc"], ["a b", "b c", "ab c"], "missing gives token 258");
        Bad(["ab"], ["ab"], "left right");
        Bad(["ab"], ["a  b"], "$.model.merges[0]");
        Bad(["ab"], ["€ b"], "alphabet");

        static JsonObject File(string[] tokens, string[] merges)
        {
            JsonObject tokenizer = TinyModels.Tokenizer();
            JsonObject vocab = tokenizer["model"]!["vocab"]!.AsObject();
            for (int i = 0; i < tokens.Length; i++) vocab[tokens[i]] = 256 + i;
            tokenizer["added_tokens"] = new JsonArray();
            tokenizer["model"]!["merges"] = new JsonArray([.. merges.Select(m => (JsonNode)m)]);
            return tokenizer;
        }

        static void Accepted(string[] tokens, string[] merges)
        {
            using var folder = new TempFolder();
            TinyModels.WriteFolder(folder, tokenizer: File(tokens, merges));
            using Checkpoint checkpoint = Checkpoint.Open(folder.Root);
            Assert.Equal((byte[])[(byte)'a', (byte)'b'], checkpoint.Tokenizer.Tokens[256].ToArray());
            // The newer way to write a merge: a list of two.
            JsonObject lists = File(tokens, merges);
            lists["model"]!["merges"] = new JsonArray([.. merges.Select(m => new JsonArray([.. m.Split(' ').Select(half => (JsonNode)half)]))]);
            folder.Write("tokenizer.json", lists.ToJsonString());
            Checkpoint.Open(folder.Root).Dispose();
        }

        static void Bad(string[] tokens, string[] merges, params string[] mentions) =>
            Refused(folder => folder.Write("tokenizer.json", File(tokens, merges).ToJsonString()), mentions);
    }

    /// <summary>K04, K05, K10.</summary>
    [Fact]
    public void Ids_that_are_double_missing_or_out_of_range_are_refused()
    {
        Vocab(v => v["ab"] = 97, "token 97", "twice");
        Vocab(v => v["ab"] = 262, "262", "0 to 261");
        Vocab(v => v["ab"] = -1, "-1");
        Vocab(v => v.Remove("a"), "token 97", "missing");
        Json(t => t["added_tokens"]![0]!["id"] = 262, "$.added_tokens[0]", "262");
        Json(t => t["added_tokens"]![0]!["id"] = -1, "$.added_tokens[0]", "-1");
        Json(t => t["added_tokens"]![0]!["id"] = 257, "$.added_tokens[1]", "twice");
        Json(t => t["added_tokens"]![1]!["content"] = "<|begin_of_text|>", "$.added_tokens[1]", "ids 256 and 257");
        Json(t => t["added_tokens"]![2]!["content"] = "", "$.added_tokens[2]", "characters");
        Json(t => t["added_tokens"]![2]!["content"] = new string('x', 257), "$.added_tokens[2]", "257 characters");
        Json(t => t["added_tokens"]![2]!.AsObject().Remove("id"), "$.added_tokens[2]", "no id");
        Json(t => t["added_tokens"]![2] = 7, "$.added_tokens[2]", "a number");
        // A single byte without a token: its id is taken by something else.
        Vocab(v => { v.Remove("a"); v["ab"] = 97; }, "0x61");
    }

    /// <summary>K06, K07 and the other mistakes in a list of ranks.</summary>
    [Theory]
    [InlineData("YWI= 256\nYWI= 257\n", "token 257", "same bytes")]
    [InlineData("YWI= 97\n", "line 257", "twice")]
    [InlineData("YWI= 258\n", "token 256", "missing")]
    [InlineData("Y*I= 256\n", "line 257", "base64")]
    [InlineData("YWI 256\n", "line 257", "base64")]
    [InlineData("YWI= 99999999999\n", "line 257", "99999999999")]
    [InlineData("YWI= 4294967552\n", "line 257", "4294967552")]
    [InlineData("YWI= -1\n", "line 257", "-1")]
    [InlineData("YWI= 262\n", "line 257", "262")]
    [InlineData("YWI= 2x\n", "line 257", "2x")]
    [InlineData("YWI=\n", "line 257", "base64 rank")]
    [InlineData(" 256\n", "line 257", "base64 rank")]
    public void A_bad_list_of_ranks_is_refused(string tail, params string[] mentions) => Refused(folder =>
    {
        File.Delete(folder["tokenizer.json"]);
        folder.Write("tokenizer.model", Ranks() + tail);
    }, ["tokenizer.model", .. mentions]);

    [Fact]
    public void A_list_of_ranks_takes_its_control_tokens_from_the_settings()
    {
        using var folder = new TempFolder();
        TinyModels.WriteFolder(folder);
        File.Delete(folder["tokenizer.json"]);
        folder.Write("tokenizer.model", Ranks() + "YWI= 256\r\n\n");
        folder.Write("tokenizer_config.json", """{"bos_token":{"content":"<|b|>"},"add_bos_token":false,"added_tokens_decoder":{"257":{"content":"<|b|>"},"261":{"content":"<|eot|>"}}}""");
        using Checkpoint checkpoint = Checkpoint.Open(folder.Root);
        TokenizerData data = checkpoint.Tokenizer;
        Assert.Equal((257, 261, 262), (data.Begin, data.ControlTokens["<|eot|>"], data.Tokens.Count));
        Assert.Equal((byte[])[(byte)'a', (byte)'b'], data.Tokens[256].ToArray());
        Assert.False(checkpoint.Generation.AddBegin);

        folder.Write("tokenizer_config.json", """{"bos_token":"<|nothing|>"}""");
        Refusal.Of(folder.Root, "$.bos_token", "<|nothing|>");
        folder.Write("tokenizer_config.json", """{"added_tokens_decoder":{"abc":{"content":"x"}}}""");
        Refusal.Of(folder.Root, "added_tokens_decoder.abc");
        folder.Write("tokenizer_config.json", """{"added_tokens_decoder":{"300":{"content":"x"}}}""");
        Refusal.Of(folder.Root, "300");
        folder.Write("tokenizer_config.json", """{"added_tokens_decoder":{"257":{}}}""");
        Refusal.Of(folder.Root, "no content");
    }

    [Fact]
    public void The_published_control_tokens_fill_all_ids()
    {
        Dictionary<int, string> byId = PublishedControlTokens.All.ToDictionary(t => t.Id, t => t.Text);
        Assert.Equal(Enumerable.Range(200_000, 2048), byId.Keys.Order());
        Assert.Equal(2048, byId.Values.Distinct().Count());
        (int, string)[] some =
        [
            (200_005, "<|header_start|>"), (200_008, "<|eot|>"), (200_015, "<|text_post_train_reserved_special_token_5|>"),
            (200_019, "<|text_post_train_reserved_special_token_8|>"), (200_079, "<|text_post_train_reserved_special_token_68|>"),
            (200_083, "<|vision_reserved_special_token_1|>"), (200_089, "<|vision_reserved_special_token_5|>"), (200_090, "<|image|>"),
            (200_091, "<|vision_reserved_special_token_6|>"), (200_092, "<|patch|>"), (201_133, "<|vision_reserved_special_token_1047|>"),
            (201_141, "<|reasoning_reserved_special_token_7|>"), (202_047, "<|reserved_special_token_903|>"),
        ];
        foreach ((int id, string text) in some) Assert.Equal(text, byId[id]);
    }

    /// <summary>K08: the pattern of the file is never run, a strange one is only warned of.</summary>
    [Fact]
    public void A_split_pattern_of_the_file_is_not_run()
    {
        using var folder = new TempFolder();
        JsonObject tokenizer = TinyModels.Tokenizer();
        tokenizer["pre_tokenizer"] = new JsonObject { ["type"] = "Split", ["pattern"] = new JsonObject { ["Regex"] = "(a+)+$" } };
        tokenizer["normalizer"] = new JsonObject { ["type"] = "NFC" };
        TinyModels.WriteFolder(folder, tokenizer: tokenizer);
        using Checkpoint checkpoint = Checkpoint.Open(folder.Root);
        Assert.Contains(checkpoint.Warnings, w => w.Contains("split pattern"));
        Assert.Contains(checkpoint.Warnings, w => w.Contains("normalizer"));
    }

    [Fact]
    public void Bad_vocabularies_in_gguf_are_refused()
    {
        Gguf(f => f.Set("tokenizer.ggml.model", "llama"), "tokenizer.ggml.model", "llama");
        Gguf(f => f.Remove("tokenizer.ggml.model"), "tokenizer.ggml.model", "missing");
        Gguf(f => f.Remove("tokenizer.ggml.merges"), "tokenizer.ggml.merges", "missing");
        Gguf(f => f.Set("tokenizer.ggml.merges", ["a b"]), "tokenizer.ggml.merges[0]", "does not give a token");
        Gguf(f => f.Set("tokenizer.ggml.merges", ["ab"]), "left right");
        Gguf(f => f.Set("tokenizer.ggml.tokens", [1, 2]), "tokenizer.ggml.tokens");
        Gguf(f => f.Set("tokenizer.ggml.bos_token_id", 262u), "tokenizer.ggml.bos_token_id", "262");
        Gguf(f => f.Set("tokenizer.ggml.eos_token_id", 262u), "tokenizer.ggml.eos_token_id", "262");
        Gguf(f => Replace(f, 97, "b"), "token 98", "same bytes");
        Gguf(f => Replace(f, 97, ""), "tokenizer.ggml.tokens[97]", "no bytes");
        Gguf(f => Replace(f, 97, "€"), "tokenizer.ggml.tokens[97]", "alphabet");
        Gguf(f => Replace(f, 257, "<|begin_of_text|>"), "tokenizer.ggml.tokens[257]", "ids 256 and 257");
        Gguf(f => Replace(f, 257, ""), "tokenizer.ggml.tokens[257]", "0 characters");

        static void Replace(RawGguf file, int id, string text)
        {
            string[] tokens = TinyModels.Tokens;
            tokens[id] = text;
            file.Set("tokenizer.ggml.tokens", tokens);
        }

        static void Gguf(Action<RawGguf> change, params string[] mentions)
        {
            using var folder = new TempFolder();
            RawGguf file = TinyModels.Gguf();
            change(file);
            Refusal.Of(folder.Write("x.gguf", file.Build()), mentions);
        }
    }

    [Fact]
    public void Flipped_bits_give_no_other_exception()
    {
        using var folder = new TempFolder();
        TinyModels.WriteFolder(folder);
        string path = folder["tokenizer.json"];
        Assert.InRange(BitFlips.Run(folder.Root, path, (int)new FileInfo(path).Length, 2_000, seed: 3), 1_000, 2_000);
        path = folder["config.json"];
        Assert.InRange(BitFlips.Run(folder.Root, path, (int)new FileInfo(path).Length, 1_000, seed: 4), 500, 1_000);
    }

    [Fact]
    public void The_byte_alphabet_is_the_known_one()
    {
        Assert.Equal("Ġ", ByteAlphabet.ToText(" "u8));
        Assert.Equal("Ċ", ByteAlphabet.ToText("\n"u8));
        Assert.Equal("Ã¼~!", ByteAlphabet.ToText("ü~!"u8));
        Assert.Equal(256, Enumerable.Range(0, 256).Select(b => ByteAlphabet.ToText([(byte)b])).Distinct().Count());
        Span<byte> bytes = stackalloc byte[4];
        for (int value = 0; value < 256; value++)
        {
            Assert.Equal(1, ByteAlphabet.ToBytes(System.Text.Encoding.UTF8.GetBytes(ByteAlphabet.ToText([(byte)value])), bytes));
            Assert.Equal(value, bytes[0]);
        }
        foreach (string text in new[] { " ", "\u00AD", "\u0144", "€", "😀" })
            Assert.Equal(-1, ByteAlphabet.ToBytes(System.Text.Encoding.UTF8.GetBytes(text), bytes));
        Assert.Equal(-1, ByteAlphabet.ToBytes("abcde"u8, bytes));
        Assert.Equal(-1, ByteAlphabet.ToBytes([0xC4], bytes));
    }

    static string Ranks() => string.Concat(Enumerable.Range(0, 256).Select(b => $"{Convert.ToBase64String([(byte)b])} {b}\n"));

    static void Vocab(Action<JsonObject> change, params string[] mentions) => Json(t => change(t["model"]!["vocab"]!.AsObject()), mentions);

    static void Json(Action<JsonObject> change, params string[] mentions) => Refused(folder =>
    {
        JsonObject tokenizer = TinyModels.Tokenizer();
        change(tokenizer);
        folder.Write("tokenizer.json", tokenizer.ToJsonString());
    }, mentions);

    static void Refused(Action<TempFolder> change, params string[] mentions)
    {
        using var folder = new TempFolder();
        TinyModels.WriteFolder(folder);
        change(folder);
        Refusal.Of(folder.Root, mentions);
    }
}
