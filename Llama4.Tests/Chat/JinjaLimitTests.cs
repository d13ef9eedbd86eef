using System.Diagnostics;
using System.Text.Json.Nodes;
using Llama4.Core;
using Llama4.Core.Chat;
using Llama4.Core.Chat.Jinja;

namespace Llama4.Tests.Chat;

/// <summary>Templates that ask for too much, T01 to T07: one clear error each, soon, and without deep recursion.</summary>
public class JinjaLimitTests
{
    const string tooManySteps = "more than 1000000 steps", tooLong = "a text of more than 4194304 characters";

    public static TheoryData<string, string> Greedy() => new()
    {
        // T01
        { "{% for i in range(10**9) %}{% endfor %}", "1000000000 items in one list, dict or range (at most 100000)" },
        { "{{ range(2**70) }}", "items in one list" },
        { "{{ range(0, -(10**12), -1) }}", "1000000000000 items in one list" },
        // T02
        { "{% for i in range(10000) %}{% for j in range(10000) %}{% endfor %}{% endfor %}", tooManySteps },
        { "{% for i in range(10000) %}{% for j in range(10000) if false %}{% endfor %}{% endfor %}", tooManySteps },
        { "{% for i in range(1000) %}{{ range(100000) | list | sum }}{% endfor %}", tooManySteps },
        // T03
        { "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "nested deeper than 500 nodes, macro calls included" },
        { "{% macro f(n) %}{% for i in [1, 2] %}{{ g(n) }}{% endfor %}{% endmacro %}{% macro g(n) %}{{ f(n + 1) }}{% endmacro %}{{ f(0) }}", "nested deeper than 500 nodes" },
        { "{% macro f(n) %}{% if n > 0 %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(30) }}", tooManySteps },
        // T04
        { "{% set ns = namespace(s='x') %}{% for i in range(40) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}", tooLong },
        { "{% set ns = namespace(s='x') %}{% for i in range(40) %}{% set ns.s = ns.s + ns.s %}{% endfor %}", tooLong },
        { "{% set ns = namespace(l=[1]) %}{% for i in range(40) %}{% set ns.l = ns.l + ns.l %}{% endfor %}", "items in one list" },
        { "{{ 'x' * 10**12 }}", tooLong },
        { "{{ 'x' * 2**40 }}", tooLong },
        { "{{ [1] * 10**12 }}", "items in one list" },
        { "{{ 10**9 * 'xy' }}", tooLong },
        { "{{ 'ab' | replace('', 'x' * 2000000) }}", tooLong },
        { "{{ ('x' * 2000) | replace('x', 'y' * 3000) }}", tooLong },
        { "{{ range(100000) | join('x' * 100) }}", tooLong },
        { "{{ 'x' | center(1000000000) }}", "out of range" },
        { "{{ '%999999999d' | format(1) }}", "width or precision of more than 6 digits" },
        { "{{ [1] | tojson(indent=1000000000) }}", "out of range" },
        { "{{ ('\n' * 50000) | indent(1000, blank=true) }}", tooLong },
        { "{% set ns = namespace(l=['x' * 4000000]) %}{% for i in range(4) %}{% set ns.l = ns.l * 2 %}{% endfor %}{{ ns.l }}", tooLong },
        { "{{ 'x' * 4000000 }}{{ 'x' * 4000000 }}", tooLong },
        { "{% for i in range(100000) %}{% set x = 'x' * 4000000 %}{% endfor %}", tooManySteps },
        { "{{ 2 ** (10**9) }}", "a whole number" },
        { "{{ 10 ** 1234 }}", "bits (at most 4096)" },
        { "{% set ns = namespace(n=3) %}{% for i in range(40) %}{% set ns.n = ns.n * ns.n %}{% endfor %}", "bits (at most 4096)" },
        { "{{ '1' * 100000 | int }}", "could not" },
        { "{{ 'a' * 1000000 in 'b' * 3000000 ~ 'a' }}", tooManySteps },
        { "{% set s = 'a' * 4000000 %}{% for i in range(100) %}{{ s.find('ab') }}{% endfor %}", tooManySteps },
        { "{% set s = 'a' * 4000000 %}{{ s.replace('a', 'b') == s }}{% for i in range(100) %}{{ s == s ~ '' }}{% endfor %}", tooManySteps },
        { "{{ ('a ' * 200000).split() }}", "items in one list" },
        { "{{ ('a' * 200000) | list }}", "items in one list" },
        { "{% set s = 'é👋' * 1000000 %}{% for i in range(1000) %}{{ s[1:-1] }}{% endfor %}", tooLong },
        { "{% for i in range(100000) %}{{ dict(a=1, b=2, c=3, d=4) == dict(a=1, b=2, c=3, d=4) }}{% endfor %}", tooManySteps },
        { "{% for i in range(100) %}{{ range(100000) | sort | first }}{% endfor %}", tooManySteps },
        { "{% set l = range(2000) | list %}{% for i in range(2000) %}{{ i in l }}{% endfor %}", tooManySteps },
        // T05
        { "{{ ''.__class__.__mro__ }}", "no attribute '__class__'" },
        { "{{ cycler.__init__.__globals__ }}", "not supported: 'cycler'" },
        { "{{ messages.GetType().Assembly }}", "no attribute 'GetType'" },
        { "{{ raise_exception.Target() }}", "no attribute 'Target'" },
        { "{{ namespace().__dict__() }}", "no attribute '__dict__'" },
        // values inside each other
        { Deep("{{ ns.x }}"), "a value nested deeper than 100" },
        { Deep("{{ ns.x | tojson }}"), "a value nested deeper than 100" },
        { Deep("{{ ns.x == ns.y }}"), "a value nested deeper than 100" },
        { Deep("{{ ns.x < ns.y }}"), "a value nested deeper than 100" },
        { Deep("{{ {ns.t: 1} }}"), "a value nested deeper than 100" },
        { "{% set ns = namespace() %}{% set ns.x = [ns] %}{{ ns.x }}", "not supported: printing a Namespace" },
    };

    [Theory]
    [MemberData(nameof(Greedy))]
    public void Greedy_templates_end_with_an_error(string source, string problem)
    {
        if (problem == "could not")
        {
            // int() of what is too long for a whole number is its default, as for any text that is none.
            Assert.Equal("0", Render(source.Replace("'1' * 100000 |", "('1' * 100000) |")));
            return;
        }
        long start = Stopwatch.GetTimestamp();
        TemplateException error = Assert.Throws<TemplateException>(() => Render(source));
        Assert.Contains(problem, error.Message);
        Assert.True(error.Line >= 1);
        Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(20));
    }

    public static TheoryData<string> Unclosed() =>
        ["{{", "{%", "{#", "{{ x", "{% if x", "{% if x %}", "{% raw %}", "{{ 'x", "{{ \"x\\", "{{ (", "{{ [1, ", "{{ {'a': ", "{{ x | ", "{{ x is ", "{{ x.", "{{ x[", "{{ x[1:", "{{ f(a=", "{% for", "{% for x in", "{% set", "{% set x", "{% set x %}", "{% macro f(", "{% macro f(a=1, b) %}{% endmacro %}", "{% with x", "{% filter", "{% filter %}{% endfilter %}", "{%", "{%%}", "{{}}", "{% endif %}", "{{ x }", "{{ x %}", "{% if x }}", "{% else %}", "{% set true = 1 %}", "{% set x.y.z = 1 %}", "{{ 1 = 2 }}", "{{ x y }}", "{% if %}{% endif %}", "{{ not }}", "{{ 'a' ~ }}", "{{ * }}", "{{ f(*x) }}", "{{ a is b is c }}", "{% break %}", "{% macro m() %}{% break %}{% endmacro %}", "{{ '\\x4' }}", "{{ '\\U00110000' }}", "{{ 1__0 }}", "{{ 0x }}", "{{ ! }}", "{{ $x }}"];

    [Theory]
    [MemberData(nameof(Unclosed))]
    public void Malformed_templates_are_refused_with_the_line(string source)
    {
        TemplateException error = Assert.Throws<TemplateException>(() => JinjaTemplate.Parse("a\n\n" + source));
        Assert.Equal(3, error.Line);
        Assert.DoesNotContain("\n", error.Message);
    }

    public static TheoryData<string, string> Nested() => new()
    {
        { "{{ " + Repeat("(", 10_000) + "1" + Repeat(")", 10_000) + " }}", "nested deeper than 100" },
        { "{{ " + Repeat("[", 10_000) + "1" + Repeat("]", 10_000) + " }}", "nested deeper than 100" },
        { "{{ " + Repeat("{1:", 10_000) + "1" + Repeat("}", 10_000) + " }}", "nested deeper than 100" },
        { "{{ " + Repeat("(", 10_000), "nested deeper than 100" },
        { "{{ " + Repeat("-", 10_000) + "1 }}", "nested deeper than 100" },
        { "{{ " + Repeat("not ", 10_000) + "1 }}", "nested deeper than 100" },
        { "{{ " + Repeat("f(", 10_000) + "1" + Repeat(")", 10_000) + " }}", "nested deeper than 100" },
        { "{{ " + Repeat("1 if 1 else ", 10_000) + "1 }}", "nested deeper than 100" },
        { "{{ x" + Repeat("[0", 10_000) + Repeat("]", 10_000) + " }}", "nested deeper than 100" },
        { "{{ x" + Repeat(".a", 10_000) + " }}", "more than 100 attributes, calls or filters in a row" },
        { "{{ x" + Repeat("[0]", 10_000) + " }}", "more than 100 attributes" },
        { "{{ x" + Repeat("()", 10_000) + " }}", "more than 100 attributes" },
        { "{{ x" + Repeat("|trim", 10_000) + " }}", "more than 100 attributes" },
        { "{% filter trim" + Repeat("|trim", 10_000) + " %}{% endfilter %}", "more than 100 attributes" },
        { Repeat("{% if 1 %}", 10_000) + Repeat("{% endif %}", 10_000), "nested deeper than 100" },
        { Repeat("{% for i in [1] %}", 10_000), "nested deeper than 100" },
        { Repeat("{% macro f() %}", 10_000), "nested deeper than 100" },
        { "{% for " + Repeat("(", 10_000) + "a" + Repeat(")", 10_000) + " in x %}{% endfor %}", "nested deeper than 100" },
        { "{% if 1 %}" + Repeat("{% else %}{% if 1 %}", 10_000), "nested deeper than 100" },
    };

    [Theory]
    [MemberData(nameof(Nested))]
    public void Nesting_of_the_source_is_limited(string source, string problem) =>
        Assert.Contains(problem, Assert.Throws<TemplateException>(() => JinjaTemplate.Parse(source)).Message);

    [Fact]
    public void Long_chains_of_operators_are_no_nesting()
    {
        Assert.Equal("10001", Render("{{ 1" + Repeat(" + 1", 10_000) + " }}"));
        Assert.Equal("True", Render("{{ 1" + Repeat(" and 1 < 2", 10_000) + " }}"));
        Assert.Equal(Repeat("a", 10_001), Render("{{ 'a'" + Repeat(" ~ 'a'", 10_000) + " }}"));
        Assert.Equal("x", Render("{% if 0 %}" + Repeat("{% elif 0 %}", 10_000) + "{% else %}x{% endif %}"));
    }

    /// <summary>
    /// The deepest trees that the limits let through, on a stack a third of the smallest that .NET gives a thread by default. They are rendered
    /// once before: a method is compiled on the stack of its first caller, and that takes more than the templates do.
    /// </summary>
    [Fact]
    public void The_deepest_allowed_templates_need_little_stack()
    {
        string parentheses = "{{ " + Repeat("(", 90) + "1" + Repeat(")", 90) + " }}";
        string chains = "{{ " + Repeat("(", 90) + "'a'" + Repeat(Repeat("|trim", 90) + ")", 90) + " }}";
        string calls = "{% macro f(x) %}" + Repeat("{% if 1 %}", 90) + "{{ f(" + Repeat("[", 5) + "x" + Repeat("]", 5) + ") }}" + Repeat("{% endif %}", 90) + "{% endmacro %}{{ f(1) }}";
        string filters = "{% macro f(x) %}{{ [x] | map('trim') | map('default', f(x)) | list | join | upper }}{% endmacro %}{{ f(1) }}";
        string[] sources = [parentheses, chains, calls, filters];
        foreach (string source in sources) Outcome(source);
        List<string> outcomes = [];
        var thread = new Thread(() =>
        {
            foreach (string source in sources) outcomes.Add(Outcome(source));
        }, maxStackSize: 512 << 10);
        thread.Start();
        thread.Join();
        Assert.Equal(["1", .. Enumerable.Repeat("nested deeper than 500 nodes, macro calls included", 3)], outcomes);
    }

    [Fact]
    public void Deep_json_is_refused()
    {
        JsonNode node = new JsonArray();
        for (int i = 0; i < 1_000; i++)
            node = new JsonArray(node);
        foreach (ChatTemplate template in new[] { ChatTemplate.Llama4, ChatTemplate.Parse("x", "test") })
            Assert.Contains("a value nested deeper than 100", Assert.Throws<InvalidRequestException>(() =>
                template.Render([ChatMessage.User("a")], new ChatTemplateOptions { Tools = [node] })).Message);
    }

    [Fact]
    public void Json_that_is_no_unicode_is_refused()
    {
        JsonNode node = JsonNode.Parse("""{"name": "\ud800"}""")!;
        Assert.Contains("$.name", Assert.Throws<InvalidRequestException>(() =>
            ChatTemplate.Llama4.Render([ChatMessage.User("a")], new ChatTemplateOptions { Tools = [node] })).Message);
    }

    static string Outcome(string source)
    {
        try
        {
            return Render(source);
        }
        catch (TemplateException e)
        {
            return e.Message;
        }
    }

    static string Render(string source) =>
        JinjaTemplate.Parse(source).Render(new Budget(), new Dictionary<string, Value> { ["messages"] = Sequence.List([]) }, new FixedClock()).Chars;

    static string Deep(string use) =>
        "{% set ns = namespace(x=[], y=[], t=()) %}{% for i in range(5000) %}{% set ns.x = [ns.x] %}{% set ns.y = [ns.y] %}{% set ns.t = (ns.t,) %}{% endfor %}" + use;

    static string Repeat(string text, int count) => string.Concat(Enumerable.Repeat(text, count));
}
