using Llama4.Core.Formats;
using Llama4.Core.Tokenization;

namespace Llama4.Tests.Tokenization;

/// <summary>Tokenizers for the tests: the embedded model's, and Meta's, whose ranks may not be part of the repository.</summary>
static class Vocabularies
{
    static readonly string demoFolder = Path.Combine(AppContext.BaseDirectory, "demo-model");
    static readonly Lazy<Llama4Tokenizer> demo = new(() => new Llama4Tokenizer(DemoData()));
    static readonly Lazy<Llama4Tokenizer> meta = new(() => new Llama4Tokenizer(Read(Path.GetDirectoryName(MetaFile("tokenizer.model"))!, 202_048)));

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

    public static TokenizerData DemoData() => Read(demoFolder, 2048);

    /// <summary>A folder with tokenizer.model alone has the published control tokens.</summary>
    static TokenizerData Read(string folder, int vocabulary)
    {
        var warnings = new List<string>();
        TokenizerData data = HfTokenizer.Read(folder, vocabulary, begin: -1, warnings).Data;
        Assert.Empty(warnings);
        return data;
    }
}
