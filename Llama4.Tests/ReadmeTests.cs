using System.Text;
using System.Text.RegularExpressions;
using Llama4.Core;
using Llama4.Core.Chat;
using Llama4.Core.Generation;
using Llama4.Core.Images;
using Llama4.Tests.Generation;

namespace Llama4.Tests;

/// <summary>The examples of the README: that they are what stands below, and that they do what they say.</summary>
public sealed partial class ReadmeTests(DemoModel demo)
{
    [Fact]
    public void The_examples_of_the_readme_are_the_ones_tested_here()
    {
        string readme = File.ReadAllText(TestData.Path("..", "..", "README.md")).ReplaceLineEndings("\n");
        string section = readme[readme.IndexOf("## Quick start", StringComparison.Ordinal)..];
        section = section[..section.IndexOf("\n## ", StringComparison.Ordinal)];
        string[] blocks = [.. CodeBlock().Matches(section).Select(match => match.Groups[1].Value)];
        // The first one is a whole program.
        blocks[0] = blocks[0][(blocks[0].IndexOf("\n\n", StringComparison.Ordinal) + 2)..];
        Assert.Equal([Body(nameof(Examples.ChatMessageAsync)), Body(nameof(Examples.TwoImagesAsync)), Body(nameof(Examples.PlainTextAsync))], blocks);
    }

    [Fact]
    public async Task A_chat_message_is_answered() =>
        Assert.Equal(DemoModel.ReadQuestions().First(q => q.Answer.Contains("Paris") && q.Category == "chat").Answer, await Printed(Examples.ChatMessageAsync()));

    [Fact]
    public async Task Two_images_are_compared() =>
        Assert.Equal(DemoModel.ReadQuestions()[5].Answer, await Printed(Examples.TwoImagesAsync(await demo.LlamaAsync())));

    [Fact]
    public async Task Plain_text_goes_on() =>
        Assert.Equal(" violets are blue, the birds all sing, and my words are few.", await Printed(Examples.PlainTextAsync(await demo.LlamaAsync())));

    /// <summary>Text of a method of <see cref="Examples"/> in this file.</summary>
    static string Body(string method)
    {
        string source = File.ReadAllText(TestData.Path("..", "ReadmeTests.cs")).ReplaceLineEndings("\n");
        Match match = Regex.Match(source, $@"async Task {method}\([^)]*\)\n        \{{\n(.*?)\n        \}}", RegexOptions.Singleline);
        Assert.True(match.Success, method);
        return string.Join('\n', match.Groups[1].Value.Split('\n').Select(line => line.Length == 0 ? line : line[12..]));
    }

    /// <summary>What an example writes.</summary>
    static async Task<string> Printed(Task example)
    {
        await example;
        return Console.Take();
    }

    [GeneratedRegex(@"```csharp\n(.*?)\n```", RegexOptions.Singleline)]
    private static partial Regex CodeBlock();

    static class Examples
    {
        public static async Task ChatMessageAsync()
        {
            await using Llama llama = await Llama.LoadAsync();      // the embedded model; give a path for another
            await foreach (Piece piece in llama.ChatAsync("What is the capital of France?"))
                Console.Write(piece);
        }

        public static async Task TwoImagesAsync(Llama llama)
        {
            string images = Path.Combine(Llama.DemoModelPath, "images");
            ChatMessage question = ChatMessage.User(
                RgbImage.Load(Path.Combine(images, "005a.jpg")), RgbImage.Load(Path.Combine(images, "005b.png")),
                "Can you describe how these two images are similar, and how they differ?");
            Completion answer = await llama.ChatAsync([question]).ToCompletionAsync();
            Console.Write(answer);
        }

        public static async Task PlainTextAsync(Llama llama)
        {
            Completion text = await llama.CompleteAsync("Roses are red,").ToCompletionAsync();
            Console.Write(text);
        }
    }

    /// <summary>Stands for System.Console; the tests of one class run one after another.</summary>
    static class Console
    {
        static readonly StringBuilder text = new();

        public static void Write(object value) => text.Append(value);

        public static string Take()
        {
            string all = text.ToString();
            text.Clear();
            return all;
        }
    }
}
