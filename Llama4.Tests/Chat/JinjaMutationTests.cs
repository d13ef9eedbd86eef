using System.Text.Json.Nodes;
using Llama4.Core.Chat.Jinja;

namespace Llama4.Tests.Chat;

/// <summary>
/// Ten thousand templates made by mutating valid ones: each gives a text or a template error, within its limits, and never a trusted
/// character that a variable brought.
/// </summary>
public class JinjaMutationTests
{
    static readonly string[] snippets =
    [
        "{{", "}}", "{%", "%}", "{#", "#}", "-", "+", "(", ")", "[", "]", "{", "}", "'", "\"", "|", ".", ":", ",", "~", "=", "*", "**", "//", "%", " is ", " in ", " not ", " if ", " else ",
        "{% if x %}", "{% endif %}", "{% for i in items %}", "{% endfor %}", "{% set x = ", "{% raw %}", "{% endraw %}", "range(1000)", "|tojson", "|join", "|map('upper')", "|list", "[::-1]", "\n", "0", "99999999999", "none",
    ];

    [Fact]
    public void Mutated_templates_neither_crash_nor_hang_nor_launder_text()
    {
        var random = new Random(20261124);
        string[] seeds =
        [
            .. File.ReadLines(TestData.Path("chat", "jinja.jsonl")).Select(line => (string)JsonNode.Parse(line)!["template"]!),
            TemplateA.Source, File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "demo-model", "chat_template.jinja")),
        ];
        Dictionary<string, Value> variables = Cyrillic(JsonNode.Parse(File.ReadAllText(TestData.Path("chat", "jinja-context.json")))!.AsObject())
            .ToDictionary(pair => pair.Key, pair => Json.FromNode(pair.Value));
        int texts = 0, errors = 0;
        for (int round = 0; round < 10_000; round++)
        {
            string source = Mutate(random, seeds);
            try
            {
                Text text = JinjaTemplate.Parse(source).Render(new Budget(steps: 20_000), variables, new FixedClock());
                Assert.DoesNotContain(text.ToSpans(), span => span.IsTrusted && span.Text.AsSpan().IndexOfAnyInRange('\u0400', '\u04ff') >= 0);
                texts++;
            }
            catch (TemplateException e)
            {
                Assert.InRange(e.Line, 1, source.ReplaceLineEndings("\n").Count(character => character == '\n') + 1);
                errors++;
            }
        }
        // Both happen often: neither the mutations nor the interpreter fail on everything.
        Assert.True(texts > 1_000 && errors > 1_000, $"{texts} texts, {errors} errors");
    }

    static string Mutate(Random random, string[] seeds)
    {
        string source = seeds[random.Next(seeds.Length)];
        for (int count = random.Next(1, 5); count > 0; count--)
        {
            int at = random.Next(source.Length + 1), length = Math.Min(random.Next(12), source.Length - at);
            string other = seeds[random.Next(seeds.Length)];
            int otherAt = random.Next(other.Length + 1);
            source = random.Next(5) switch
            {
                0 => source.Remove(at, length),
                1 => source.Insert(at, snippets[random.Next(snippets.Length)]),
                2 => source.Insert(at, source.Substring(at, length)),
                3 => source.Remove(at, length).Insert(at, other.Substring(otherAt, Math.Min(random.Next(40), other.Length - otherAt))),
                _ => source.Insert(at, ((char)random.Next(1, 0x3000)).ToString() is { } added && added[0] is < '\u0400' or > '\u04ff' ? added : " "),
            };
        }
        return source;
    }

    /// <summary>The same values with every text in Cyrillic letters, which no template holds.</summary>
    static JsonObject Cyrillic(JsonObject source) => (JsonObject)Change(source)!;

    static JsonNode? Change(JsonNode? node) => node switch
    {
        JsonObject item => new JsonObject(item.Select(pair => KeyValuePair.Create(pair.Key, Change(pair.Value)))),
        JsonArray list => new JsonArray([.. list.Select(Change)]),
        JsonValue value when value.TryGetValue(out string? text) => string.Concat(text.Select(character => (char)('\u0430' + character % 32))),
        _ => node?.DeepClone(),
    };
}
