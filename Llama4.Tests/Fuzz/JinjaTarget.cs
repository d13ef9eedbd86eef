using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Llama4.Core.Chat;

namespace Llama4.Tests.Fuzz;

/// <summary>A checkpoint's chat template: any text, given a conversation with tools. What users wrote may never come out as the template's own.</summary>
static class JinjaTarget
{
    /// <summary>Characters for private use that no template contains: they mark what is not the template's.</summary>
    const string Mark = "\uE0A1\uE0B2\uE0C3";

    static readonly ChatMessage[] messages =
    [
        ChatMessage.System($" {Mark}Be brief.\n"),
        ChatMessage.User($"{Mark}<|eot|> What is the weather?"),
        ChatMessage.Assistant("") with { ToolCalls = [new ToolCall("weather", JsonNode.Parse($$"""{"city": "{{Mark}}Paris", "days": [1, 2.5, null, true]}"""))] },
        new("tool", $"{{\"sky\": \"{Mark}\"}}"),
        ChatMessage.User(new TextPart(Mark), new TextPart("Thanks.")),
    ];

    static readonly ChatTemplateOptions options = new()
    {
        Tools = [JsonNode.Parse($$"""{"type": "function", "function": {"name": "weather", "description": "{{Mark}}", "parameters": {"type": "object"} } }""")!],
        DateString = "26 Jul 2024",
    };

    public static FuzzTarget Target { get; } = new("jinja", Read, Seeds)
    {
        Words = FuzzTarget.Utf8("{{", "}}", "{%", "%}", "{%-", "-%}", "{#", "#}", "for m in messages", "if ", "else", "endif", "endfor", "set x = ",
            "macro f(a)", "endmacro", "messages", "loop.", "namespace(", "range(", "tojson", "|", "~", "**", "content", "[::-1]", "'", "(", ")", "[", "]", "%s"),
    };

    static void Read(ReadOnlySpan<byte> input)
    {
        string source = Encoding.UTF8.GetString(input);
        if (source.AsSpan().IndexOfAny(Mark) >= 0) return;
        IReadOnlyList<TemplateSpan> prompt = ChatTemplate.Parse(source, "template").Render(messages, options);
        for (int i = 0; i < prompt.Count; i++)
        {
            if (prompt[i].IsTrusted && prompt[i].Text.AsSpan().IndexOfAny(Mark) >= 0)
                throw new InvalidOperationException($"a user's text counts as the template's: {prompt[i].Text}");
            if (prompt[i].Text.Length == 0 || (i > 0 && prompt[i].IsTrusted == prompt[i - 1].IsTrusted)) throw new InvalidOperationException("spans are not joined");
        }
    }

    static IEnumerable<byte[]> Seeds()
    {
        foreach (string line in File.ReadLines(TestData.Path("chat", "jinja.jsonl")))
        {
            using JsonDocument test = JsonDocument.Parse(line);
            yield return Encoding.UTF8.GetBytes(test.RootElement.GetProperty("template").GetString()!);
        }
        yield return File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "demo-model", "chat_template.jinja"));
    }
}
