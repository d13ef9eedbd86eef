using System.Text.Json.Nodes;
using Llama4.Core.Chat.Jinja;

namespace Llama4.Tests.Chat;

/// <summary>Every line of Data/chat/jinja.jsonl: the same text, or an error where there is one.</summary>
public class JinjaGoldenTests
{
    /// <summary>What Data/chat/README.md allows to refuse, by the name that the refusal must give.</summary>
    static readonly string[] refusable = ["recursive loops", "'caller'", "tag 'call'", "filter 'groupby'", "filter 'batch'", "filter 'slice'", "'cycler'", "'joiner'", "'lipsum'"];

    static readonly JsonObject context = JsonNode.Parse(File.ReadAllText(TestData.Path("chat", "jinja-context.json")))!.AsObject();

    public static TheoryData<int> Lines() => [.. Enumerable.Range(0, File.ReadAllLines(TestData.Path("chat", "jinja.jsonl")).Length)];

    [Theory]
    [MemberData(nameof(Lines))]
    public void Template_gives_the_reference_text_or_an_error(int line)
    {
        JsonNode test = JsonNode.Parse(File.ReadLines(TestData.Path("chat", "jinja.jsonl")).ElementAt(line))!;
        string template = (string)test["template"]!;
        JsonNode expected = test["expect"]!;
        (string? text, TemplateException? error, bool parsed) = Render(template);
        if (error is not null && refusable.Any(name => error.Message == $"not supported: {name}"))
            return;
        if (expected["error"] is not { } kind)
        {
            Assert.True(error is null, error?.Message);
            Assert.Equal((string)expected["text"]!, text);
            return;
        }
        Assert.NotNull(error);
        Assert.True(error.Line >= 1);
        if ((string)kind! == "TemplateSyntaxError")
            Assert.False(parsed);
        if ((string)kind! == "TemplateError")   // raised by the template: its own words
            Assert.Equal((string)expected["message"]!, error.Message);
    }

    [Fact]
    public void Reference_holds_121_templates_of_which_few_are_refused()
    {
        string[] lines = File.ReadAllLines(TestData.Path("chat", "jinja.jsonl"));
        Assert.Equal(121, lines.Length);
        string[] refused = [.. lines.Select(line => Render((string)JsonNode.Parse(line)!["template"]!).Error?.Message).OfType<string>()
            .Where(message => refusable.Any(name => message == $"not supported: {name}"))];
        Assert.Equal(["not supported: tag 'call'", "not supported: filter 'groupby'", "not supported: 'lipsum'", "not supported: 'cycler'", "not supported: recursive loops"], refused);
    }

    static (string? Text, TemplateException? Error, bool Parsed) Render(string source)
    {
        bool parsed = false;
        try
        {
            JinjaTemplate template = JinjaTemplate.Parse(source);
            parsed = true;
            return (template.Render(new Budget(), context.ToDictionary(pair => pair.Key, pair => Json.FromNode(pair.Value)), new FixedClock()).Chars, null, true);
        }
        catch (TemplateException e)
        {
            return (null, e, parsed);
        }
    }
}
