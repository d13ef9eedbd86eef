using System.Text.Json;
using Llama4.Core.Tokenization;

namespace Llama4.Tests.Tokenization;

/// <summary>Tokenizers for the tests: the embedded model's, and Meta's, whose ranks may not be part of the repository.</summary>
static class Vocabularies
{
    static readonly string demoFolder = Path.Combine(AppContext.BaseDirectory, "demo-model");
    static readonly Lazy<Llama4Tokenizer> demo = new(() => new Llama4Tokenizer(DemoData()));
    static readonly Lazy<Llama4Tokenizer> meta = new(() => new Llama4Tokenizer(MetaData()));

    public static Llama4Tokenizer Demo => demo.Value;

    public static string DemoQuestions => Path.Combine(demoFolder, "questions.jsonl");

    /// <summary>Skips the test when the folder with Meta's tokenizer is not here.</summary>
    public static Llama4Tokenizer Meta
    {
        get
        {
            Assert.SkipUnless(File.Exists(MetaFile("tokenizer.model")),
                $"Meta's tokenizer.model is under its own licence and not in the repository. Not found: {MetaFile("tokenizer.model")}; "
                + "set LLAMA4_GOLDEN to a folder with tokenizer/tokenizer.model and tokenizer/vectors.jsonl");
            return meta.Value;
        }
    }

    public static string MetaFile(string name)
    {
        string golden = Environment.GetEnvironmentVariable("LLAMA4_GOLDEN") is { Length: > 0 } set
            ? set : TestData.Path("..", "..", "..", "shared", "golden");
        return Path.GetFullPath(Path.Combine(golden, "tokenizer", name));
    }

    public static TokenizerData DemoData()
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(demoFolder, "tokenizer.json")));
        return new TokenizerData
        {
            Tokens = Ranks(Path.Combine(demoFolder, "tokenizer.model")),
            ControlTokens = json.RootElement.GetProperty("added_tokens").EnumerateArray()
                .ToDictionary(token => token.GetProperty("content").GetString()!, token => token.GetProperty("id").GetInt32()),
        };
    }

    /// <summary>Meta's ranks and the special tokens of specification 4.3.</summary>
    static TokenizerData MetaData() => new()
    {
        Tokens = Ranks(MetaFile("tokenizer.model")),
        ControlTokens = MetaControls().Select((text, index) => (text, index)).ToDictionary(token => token.text, token => 200_000 + token.index),
    };

    public static List<ReadOnlyMemory<byte>> Ranks(string file)
    {
        var tokens = new List<ReadOnlyMemory<byte>>();
        foreach (string line in File.ReadLines(file))
        {
            string[] columns = line.Split(' ');
            Assert.Equal(tokens.Count, int.Parse(columns[1]));
            tokens.Add(Convert.FromBase64String(columns[0]));
        }
        return tokens;
    }

    static IEnumerable<string> MetaControls()
    {
        static IEnumerable<string> Reserved(string name, int first, int last) =>
            Enumerable.Range(first, last - first + 1).Select(index => $"<|{name}_{index}|>");
        return
        [
            "<|begin_of_text|>", "<|end_of_text|>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|header_start|>", "<|header_end|>",
            "<|eom|>", "<|eot|>", "<|step|>", .. Reserved("text_post_train_reserved_special_token", 0, 5), "<|python_start|>", "<|python_end|>",
            "<|finetune_right_pad|>", .. Reserved("text_post_train_reserved_special_token", 8, 68), "<|image_start|>", "<|image_end|>",
            .. Reserved("vision_reserved_special_token", 0, 1), "<|tile_x_separator|>", "<|tile_y_separator|>",
            .. Reserved("vision_reserved_special_token", 2, 5), "<|image|>", .. Reserved("vision_reserved_special_token", 6, 6), "<|patch|>",
            .. Reserved("vision_reserved_special_token", 7, 1047), .. Reserved("reasoning_reserved_special_token", 0, 7),
            "<|reasoning_thinking_start|>", "<|reasoning_thinking_end|>", .. Reserved("reserved_special_token", 0, 903),
        ];
    }
}
