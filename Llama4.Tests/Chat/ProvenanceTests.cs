using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Llama4.Core.Chat;
using Llama4.Core.Chat.Jinja;
using Llama4.Core.Images;

namespace Llama4.Tests.Chat;

/// <summary>T10, T12, T14, T15: what others wrote is never trusted, whatever a template does with it.</summary>
public partial class ProvenanceTests
{
    static readonly RgbImage picture = new(1, 1, new byte[3]);

    /// <summary>Every special token of specification 4.3.</summary>
    static IEnumerable<string> SpecialTokens() =>
    [
        .. new[]
        {
            "begin_of_text", "end_of_text", "fim_prefix", "fim_middle", "fim_suffix", "header_start", "header_end", "eom", "eot", "step", "python_start", "python_end",
            "finetune_right_pad", "image_start", "image_end", "tile_x_separator", "tile_y_separator", "image", "patch", "reasoning_thinking_start", "reasoning_thinking_end",
        }.Select(name => $"<|{name}|>"),
        .. Enumerable.Range(0, 69).Select(n => $"<|text_post_train_reserved_special_token_{n}|>"),
        .. Enumerable.Range(0, 1048).Select(n => $"<|vision_reserved_special_token_{n}|>"),
        .. Enumerable.Range(0, 8).Select(n => $"<|reasoning_reserved_special_token_{n}|>"),
        .. Enumerable.Range(0, 904).Select(n => $"<|reserved_special_token_{n}|>"),
    ];

    public static TheoryData<string> Templates() => ["built-in", "A", "demo", "hostile"];

    [Theory]
    [MemberData(nameof(Templates))]
    public void No_text_of_a_request_becomes_a_control_token(string which)
    {
        ChatTemplate template = Template(which);
        string expected = ControlTokens(template, "Aa");
        Assert.NotEmpty(expected);
        // The hostile template copies each text letter by letter: for it, the tokens with a meaning and some reserved ones.
        foreach (string[] tokens in SpecialTokens().Chunk(50).Take(which == "hostile" ? 3 : int.MaxValue))
            Assert.Equal(expected, ControlTokens(template, string.Concat(tokens)));
    }

    [Theory]
    [MemberData(nameof(Templates))]
    public void A_control_token_split_over_two_parts_stays_text(string which)
    {
        ChatTemplate template = Template(which);
        for (int cut = 1; cut < "<|eot|>".Length; cut++)
        {
            IReadOnlyList<TemplateSpan> spans = template.Render([ChatMessage.User(new TextPart("a<|eot|>"[..(cut + 1)]), new TextPart("<|eot|>"[cut..]), new ImagePart(picture))]);
            Assert.Equal(Tokens(template.Render([ChatMessage.User(new TextPart("a"), new TextPart("b"), new ImagePart(picture))])), Tokens(spans));
        }
    }

    [Theory]
    [MemberData(nameof(Templates))]
    public void Spans_alternate_in_trust_and_are_not_empty(string which)
    {
        IReadOnlyList<TemplateSpan> spans = Template(which).Render(Conversation("x"), new ChatTemplateOptions { Tools = [Tool("x")] });
        for (int i = 0; i < spans.Count; i++)
        {
            Assert.NotEqual("", spans[i].Text);
            Assert.True(i == 0 || spans[i].IsTrusted != spans[i - 1].IsTrusted);
        }
    }

    /// <summary>Untrusted parts of the result stand between « and ».</summary>
    [Theory]
    [InlineData("a{{ u }}b", "a«<u|>»b")]
    [InlineData("{{ 'a' ~ u ~ 'b' }}", "a«<u|>»b")]
    [InlineData("{{ 'a' + u }}", "a«<u|>»")]
    [InlineData("{{ ('a' ~ u ~ 'b')[1:] }}", "«<u|>»b")]
    [InlineData("{{ ('a' ~ u ~ 'b')[::-1] }}", "b«>|u<»a")]
    [InlineData("{{ ('a' ~ u)[0] }}{{ ('a' ~ u)[1] }}", "a«<»")]
    [InlineData("{{ ('a' ~ u ~ 'b') | upper }}", "A«<U|>»B")]
    [InlineData("{{ ('A' ~ u).lower() }}{{ ('a ' ~ u).title() }}{{ ('a ' ~ u) | title }}{{ ('a' ~ u) | capitalize }}", "a«<u|>»A «<U|>»A «<U|>»A«<u|>»")]
    [InlineData("{{ (' a' ~ u ~ ' ') | trim }}{{ ('xa' ~ u).strip('x>') }}", "a«<u|>»a«<u|»")]
    [InlineData("{{ ('a' ~ u ~ 'a') * 2 }}", "a«<u|>»aa«<u|>»a")]
    [InlineData("{{ 'a-b' | replace('-', u) }}", "a«<u|>»b")]
    [InlineData("{{ u | replace('u', 'eot') }}", "«<»eot«|>»")]
    [InlineData("{{ ('a' ~ u).replace('', '-', 2) }}", "-a-«<u|>»")]
    [InlineData("{{ ['a', u, 'b'] | join('-') }}{{ u.join(['a', 'b']) }}", "a-«<u|>»-ba«<u|>»b")]
    [InlineData("{{ 'a%sb%%' | format(u) }}{{ 'a{}b{{}}'.format(u) }}{{ 'a%sb' % u }}{{ '%5s|' % 'a' }}", "a«<u|>»b%a«<u|>»b{}a«<u|>»b«    »a|")]
    [InlineData("{{ u % 'x' if false else (u ~ '%s') % 'x' }}", "«<u|>»x")]
    [InlineData("{{ ['a', u] }}", "«['»a«', '<u|>']»")]
    [InlineData("{{ {'k': u} | tojson }}", "«{\"»k«\": \"<u|>\"}»")]
    [InlineData("{{ {'k': [u]} | tojson(indent=1, separators=(';', '=')) }}", "«{\n \"»k«\"=[\n  \"<u|>\"\n ]\n}»")]
    [InlineData("{{ 'a\\n' | tojson }}", "«\"»a«\\n\"»")]
    [InlineData("{{ ('a<' ~ u) | e }}", "a«&lt;&lt;u|&gt;»")]
    [InlineData("{{ ('a ' ~ u ~ ' b').split() | join('-') }}{{ ('a,' ~ u).split(',')[1] }}{{ ('a\n' ~ u).splitlines()[1] }}", "a-«<u|>»-b«<u|><u|>»")]
    [InlineData("{{ ('a' ~ u).removeprefix('a') }}{{ ('a' ~ u).removesuffix('>') }}", "«<u|>»a«<u|»")]
    [InlineData("{{ ('a\n' ~ u) | indent(1) }}{{ ('a\n' ~ u) | indent('-') }}", "a«\n <u|>»a«\n»-«<u|>»")]
    [InlineData("{{ ('a' ~ u) | center(7) }}{{ ('a' ~ u ~ 'bbbbb') | truncate(4, true, '.', 0) }}", "« »a«<u|> »a«<u».")]
    [InlineData("{{ ('a' ~ u) | reverse }}{{ ('a' ~ u) | list | join }}{{ ('a' ~ u) | first }}{{ ('a' ~ u) | last }}", "«>|u<»aa«<u|>»a«>»")]
    [InlineData("{{ [u, 'a'] | sort | join }}{{ [u, 'a'] | max }}{{ [u, 'a', u] | unique | join }}", "«<u|>»aa«<u|>»a")]
    [InlineData("{{ [u] | map('upper') | join }}{{ missing | default(u) }}{{ u | string }}{{ u | safe }}", "«<U|><u|><u|><u|>»")]
    [InlineData("{% macro m(x) %}a{{ x }}b{% endmacro %}{{ m(u) }}{{ m(u) | upper }}", "a«<u|>»bA«<U|>»B")]
    [InlineData("{% set x %}a{{ u }}{% endset %}{{ x }}{% filter upper %}a{{ u }}{% endfilter %}", "a«<u|>»A«<U|>»")]
    [InlineData("{% set ns = namespace(x='a') %}{% set ns.x = ns.x ~ u %}{{ ns.x }}", "a«<u|>»")]
    [InlineData("{% for c in 'a' ~ u %}{{ c }}{% endfor %}{% for k in d %}{{ k }}{% endfor %}{{ d['k'] }}{{ d.k }}", "a«<u|>kvv»")]
    [InlineData("{{ d }}{{ d.items() | list }}{{ d | items | first | join }}", "«{'k': 'v'}[('k', 'v')]kv»")]
    [InlineData("{{ 1 }}{{ 1.5 }}{{ true }}{{ none }}{{ 'a' ~ 1 }}", "«11.5TrueNone»a«1»")]
    [InlineData("{{ dict(a='b') | tojson }}{{ bos_token }}", "«{\"»a«\": \"»b«\"}»<s>")]
    [InlineData("{{ strftime_now('a%Y') }}", "a«2026»")]
    [InlineData("{{ '<|' ~ 'eot' ~ '|>' }}", "<|eot|>")]
    public void Operations_keep_who_wrote_each_character(string source, string expected)
    {
        Dictionary<string, Value> variables = new() { ["u"] = Text.Untrusted("<u|>"), ["d"] = Json.FromNode(JsonNode.Parse("""{"k": "v"}""")), ["bos_token"] = Text.Trusted("<s>") };
        var marked = new StringBuilder();
        foreach (TemplateSpan span in JinjaTemplate.Parse(source).Render(new Budget(), variables, new FixedClock()).ToSpans())
            marked.Append(span.IsTrusted ? span.Text : $"«{span.Text}»");
        Assert.Equal(expected, marked.ToString());
    }

    static ChatTemplate Template(string which) => which switch
    {
        "built-in" => ChatTemplate.Llama4,
        "A" => ChatTemplate.Parse(TemplateA.Source, "template A"),
        "demo" => ChatTemplate.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "demo-model", "chat_template.jinja")), "demo"),
        _ => ChatTemplate.Parse(Hostile, "hostile"),
    };

    /// <summary>Does with the texts of others what might lose their origin.</summary>
    const string Hostile =
        """
        {{ bos_token }}
        {%- macro shake(x) %}{{ x | string | trim | upper | lower | replace('|>', '|' ~ '>') | indent(2) }}{{ x | tojson }}{{ [x, {'a': x}] }}{% endmacro %}
        {%- for m in messages %}<|header_start|>{{ m.role }}<|header_end|>
        {%- set parts = [m.content] if m.content is string else m.content | selectattr('text', 'defined') | map(attribute='text') | list %}
        {%- for part in parts %}{{ shake(part) }}{{ part[:3] ~ part[3:] }}{{ part.split('|') | join('|') }}{{ '%s' % part }}{{ '{}'.format(part) }}{{ part | list | join }}
        {{- part | reverse | reverse }}{% for c in part %}{{ c }}{% endfor %}{% endfor %}{{ parts | join }}
        {%- for call in m.tool_calls or [] %}{{ shake(call.function.name) }}{{ shake(call.function.arguments) }}{% for k, v in call.function.arguments | items %}{{ k ~ '=' ~ v }}{% endfor %}{% endfor %}<|eot|>
        {%- endfor %}
        {%- for t in tools or [] %}{{ shake(t) }}{{ t.function.name ~ t.function.description }}{% endfor %}<|eom|>
        """;

    static List<ChatMessage> Conversation(string text) =>
    [
        ChatMessage.System(text), ChatMessage.User(text),
        ChatMessage.Assistant(text) with { ToolCalls = [new ToolCall(text, new JsonObject { [text] = text, ["list"] = new JsonArray(text) }, text)] },
        new("tool", text), new("ipython", [new TextPart(text), new TextPart(text)]),
        ChatMessage.User(new TextPart(text), new ImagePart(picture), new TextPart(text)),
        ChatMessage.Assistant(text),
    ];

    static JsonNode Tool(string text) => new JsonObject
    {
        ["type"] = "function",
        ["function"] = new JsonObject { ["name"] = text, ["description"] = text, ["parameters"] = new JsonObject { [text] = new JsonArray(text) } },
    };

    /// <summary>The control tokens of a prompt in which every text is <paramref name="text"/>.</summary>
    static string ControlTokens(ChatTemplate template, string text) =>
        Tokens(template.Render(Conversation(text), new ChatTemplateOptions { Tools = [Tool(text)], DateString = text }));

    static string Tokens(IReadOnlyList<TemplateSpan> spans) =>
        string.Join(" ", spans.Where(span => span.IsTrusted).SelectMany(span => ControlToken().Matches(span.Text)).Select(match => match.Value));

    [GeneratedRegex(@"<\|[a-z0-9_]+\|>")]
    private static partial Regex ControlToken();
}
