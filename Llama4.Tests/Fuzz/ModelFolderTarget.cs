using System.Text.Json;
using Llama4.Core.Formats;
using Llama4.Core.Tokenization;

namespace Llama4.Tests.Fuzz;

/// <summary>The small files beside the weights. The first byte of the input says which file of the embedded model the others replace.</summary>
static class ModelFolderTarget
{
    static readonly string[] names =
    [
        "config.json", "generation_config.json", "preprocessor_config.json", "processor_config.json", "tokenizer_config.json", "tokenizer.json",
        "tokenizer.model", "chat_template.jinja",
    ];

    static readonly string source = Path.Combine(AppContext.BaseDirectory, "demo-model");
    static readonly Lazy<FuzzFolder> folder = new(Copy);
    static readonly Dictionary<string, byte[]> sound = [];

    public static FuzzTarget Target { get; } = new("model-folder", Read, Seeds)
    {
        LongestInput = 1 << 18,
        Words = FuzzTarget.Utf8("null", "true", "{}", "[]", "-1", "1e308", "2147483648", "\"\"", "\"\\ud800\"", "\"bos_token\":", "\"added_tokens\":", "\"merges\":", "\"rope_scaling\":", "\"no_rope_layers\":"),
    };

    static void Read(ReadOnlySpan<byte> input)
    {
        if (input.IsEmpty) return;
        string name = names[input[0] % names.Length];
        folder.Value.Write(name, input[1..]);
        // Without tokenizer.json the folder is read by its ranks.
        if (name == "tokenizer.model") folder.Value.Delete("tokenizer.json");
        try
        {
            using Checkpoint checkpoint = Checkpoint.Open(folder.Value.Path);
            var tokenizer = new Llama4Tokenizer(checkpoint.Tokenizer);
            const string text = "Hello, wörld 123 \U0001F600";
            if (tokenizer.Decode(tokenizer.Encode(text)) != text) throw new InvalidOperationException("the text does not come back");
        }
        finally
        {
            folder.Value.Write(name, sound[name]);
            if (name == "tokenizer.model") folder.Value.Write("tokenizer.json", sound["tokenizer.json"]);
        }
    }

    static FuzzFolder Copy()
    {
        var copy = new FuzzFolder();
        foreach (string name in names) copy.Write(name, sound[name] = File.ReadAllBytes(Path.Combine(source, name)));
        using FileStream weights = File.OpenRead(Path.Combine(source, "model.safetensors"));
        var start = new byte[8];
        weights.ReadExactly(start);
        var header = new byte[BitConverter.ToInt64(start)];
        weights.ReadExactly(header);
        copy.Write("model.safetensors", [.. start, .. header], weights.Length - weights.Position);
        return copy;
    }

    static IEnumerable<byte[]> Seeds() => names.Select((name, index) => (byte[])[(byte)index, .. File.ReadAllBytes(Path.Combine(source, name))]);
}
