using System.Diagnostics;
using System.Text.Json.Nodes;
using Llama4.Core.Chat;

namespace Llama4.Tests.Chat;

public class ToolCallParserTests
{
    const string user =
        """register_user {"name":"Doe","age":9,"address":{"city":"LA","state":"CA"},"role":null,"passed_test":true,"aliases":["John","Johnny"]}""";

    /// <summary>Answer, content, and the calls as NAME JSON.</summary>
    public static TheoryData<string, string, string[]> Answers() => new()
    {
        { "How can I help you today?", "How can I help you today?", [] },
        { "[get_weather(city='LA', metric='C')]", "", ["""get_weather {"city":"LA","metric":"C"}"""] },
        { "[get_weather()]", "", ["get_weather {}"] },
        { "[do_something_cool(additional_data={})]", "", ["""do_something_cool {"additional_data":{}}"""] },
        { "[do_something_cool(steps=[])]", "", ["""do_something_cool {"steps":[]}"""] },
        {
            "[register_user(name='Doe', age=9, address={'city': 'LA', 'state': 'CA'}, role=None, passed_test=True, aliases=['John', 'Johnny'])]", "", [user]
        },
        { """[get_weather(city='Martha\'s Vineyard', metric='\"cool units\"')]""", "", ["""get_weather {"city":"Martha's Vineyard","metric":"\"cool units\""}"""] },
        { "<|python_start|>[get_weather(city='LA', metric='C')]<|python_end|>", "", ["""get_weather {"city":"LA","metric":"C"}"""] },
        { "[a(x=1), b(), c(y=\"z\")]<|eot|>", "", ["""a {"x":1}""", "b {}", """c {"y":"z"}"""] },
        // Meta's own examples
        { "[get_weather(city=\"San Francisco\"), get_weather(city=\"Seattle\")]", "", ["""get_weather {"city":"San Francisco"}""", """get_weather {"city":"Seattle"}"""] },
        { "[get_user_info(user_id=7890, special='black')]", "", ["""get_user_info {"user_id":7890,"special":"black"}"""] },
        { "brave_search.call(query=\"llama\")<|eom|>", "", ["""brave_search {"query":"llama"}"""] },
        { "<|python_start|>brave_search.call(query=\"llama\")<|eom|>", "", ["""brave_search {"query":"llama"}"""] },
        { "<function=get_weather>{\"city\": \"Paris\"}</function>", "", ["""get_weather {"city":"Paris"}"""] },
        // bare calls
        { "get_weather(city=\"Paris\")", "", ["""get_weather {"city":"Paris"}"""] },
        { "I look.\n\n  get-weather(city=\"Paris\")\nping()", "I look.", ["""get-weather {"city":"Paris"}""", "ping {}"] },
        { "f(a=1); g(b=2)", "", ["""f {"a":1}""", """g {"b":2}"""] },
        // JSON
        { """{"type": "function", "name": "f", "parameters": {"a": [1, 2.5e3, {"b": false}]}}""", "", ["""f {"a":[1,2.5e3,{"b":false}]}"""] },
        { """{"name": "f", "arguments": {"a": null}} ; {"name": "g", "parameters": {}}""", "", ["""f {"a":null}""", "g {}"] },
        { """[{"name": "f", "arguments": {"a": "\u00e9\/\n"}}, {"name": "g", "arguments": "{\"b\": 1}"}]""", "", ["f {\"a\":\"é/\\n\"}", """g {"b":1}"""] },
        { """<|python_start|>Let me look.<|python_end|>{"name": "f", "parameters": {}}{"name": "g", "parameters": {}}<|eot|>""", "Let me look.", ["f {}", "g {}"] },
        // prose first
        { "Sure, one moment.\n[f(a=1)]\n", "Sure, one moment.", ["""f {"a":1}"""] },
        { "See [1] and {this} (it's odd): [f(a=1)]", "See [1] and {this} (it's odd):", ["""f {"a":1}"""] },
        { """I use it: {"name": "f", "parameters": {"q": "]}"}}""", "I use it:", ["""f {"q":"]}"}"""] },
        { "[f()] or rather [g()]", "[f()] or rather", ["g {}"] },
        // values
        { "[f(a=-1, b=+2, c=.5, d=1., e=-0.25, g=1e-3)]", "", ["""f {"a":-1,"b":2,"c":0.5,"d":1.0,"e":-0.25,"g":1e-3}"""] },
        { "[f(a=123456789012345678901234567890)]", "", ["""f {"a":123456789012345678901234567890}"""] },
        { """[f(a="line\n\ttab \x41\u00e9\U0001F44B \q", b='')]""", "", ["f {\"a\":\"line\\n\\ttab Aé\\uD83D\\uDC4B \\\\q\",\"b\":\"\"}"] },
        { "[run(code=\"\"\"print('a')\nprint(\"b\")\"\"\")]", "", ["run {\"code\":\"print('a')\\nprint(\\\"b\\\")\"}"] },
        { "[f(a=true, b=false, c=null)]", "", ["""f {"a":true,"b":false,"c":null}"""] },
        { "[ f ( a = 1 ) ]", "[ f ( a = 1 ) ]", [] },
        { "[f( a = 1 , b = [ 1 , 2 , ] , ) , ]", "", ["""f {"a":1,"b":[1,2]}"""] },
        { "[f(a={'x': 1, 'x': 2})]", "", ["""f {"a":{"x":2}}"""] },
        // bad siblings are dropped, good ones kept
        { "[f(a=1), g(b=name), h(c=3)]", "", ["""f {"a":1}""", """h {"c":3}"""] },
        { "[f(1), g(b=2)]", "", ["""g {"b":2}"""] },
        { "[f(a=b'x'), g(b=float('nan')), h(a=1, a=2), i(a=1e999), j(a={1: 2}), k(a={1, 2}), l(a=007), m(b=2)]", "", ["""m {"b":2}"""] },
        { """[{"name": "f", "parameters": {}}, {"x": 1}, {"name": 3, "parameters": {}}, {"name": "g", "arguments": "no"}]""", "", ["f {}"] },
        // no calls
        { "", "", [] },
        { "[]", "[]", [] },
        { "[1, 2]", "[1, 2]", [] },
        { "{}", "{}", [] },
        { """{"name": "Ada", "age": 36}""", """{"name": "Ada", "age": 36}""", [] },
        { "[f(x)]", "[f(x)]", [] },
        { "call f(a=1)", "call f(a=1)", [] },
        { "[f(a=1)] is how to call it.", "[f(a=1)] is how to call it.", [] },
        { "[f(a=1)", "[f(a=1)", [] },
        { "[f(a=1]", "[f(a=1]", [] },
        { "[f(a=[1)]", "[f(a=[1)]", [] },
        { "f(a=\"open", "f(a=\"open", [] },
    };

    [Theory]
    [MemberData(nameof(Answers))]
    public void Answer_is_taken_apart(string answer, string content, string[] calls)
    {
        ParsedAnswer parsed = ToolCallParser.Parse(answer);
        Assert.Equal(calls, parsed.ToolCalls.Select(Write));
        Assert.Equal(content, parsed.Content);
    }

    [Theory]
    [MemberData(nameof(Answers))]
    public void Every_truncation_is_text_or_the_calls_already_complete(string answer, string content, string[] calls)
    {
        for (int length = 0; length < answer.Length; length++)
        {
            ParsedAnswer parsed = ToolCallParser.Parse(answer[..length]);
            if (parsed.ToolCalls.Count == 0)
                Assert.Equal(answer[..length], parsed.Content);
            else if (parsed.Content == content)
                Assert.Equal(calls.Take(parsed.ToolCalls.Count), parsed.ToolCalls.Select(Write));
            else    // a list that turns out not to end the answer
                Assert.StartsWith("[f(", answer);
            if (calls.Length > 0 && answer.StartsWith('[') && !answer[..length].Contains(']'))
                Assert.Empty(parsed.ToolCalls);
        }
    }

    [Theory]
    [InlineData("[f(a={'name': 'g', 'parameters': {}}")]
    [InlineData("""{"name": "f", "parameters": {"calls": [{"name": "g", "parameters": {}}""")]
    [InlineData("[bad(x), f(a=\"[g()]")]
    [InlineData("f(g(x), {'name': 'g', 'parameters': {}}")]
    public void What_looks_like_a_call_inside_one_that_was_cut_is_text(string answer)
    {
        ParsedAnswer parsed = ToolCallParser.Parse(answer);
        Assert.Empty(parsed.ToolCalls);
        Assert.Equal(answer, parsed.Content);
    }

    [Fact]
    public void Values_may_be_64_deep()
    {
        string Nested(int depth) => $"[f(a={new string('[', depth)}{new string(']', depth)}), g()]";
        Assert.Equal(2, ToolCallParser.Parse(Nested(64)).ToolCalls.Count);
        Assert.Equal(["g {}"], ToolCallParser.Parse(Nested(66)).ToolCalls.Select(Write));
        Assert.Equal(["g {}"], ToolCallParser.Parse(Nested(1_000_000)).ToolCalls.Select(Write));
    }

    [Theory]
    [InlineData("[")]
    [InlineData("{")]
    [InlineData("[f(")]
    [InlineData("{\"a\":")]
    [InlineData("f(\n")]
    [InlineData("f(a=1)\n")]
    [InlineData("[f(a=x)]")]
    [InlineData("\\\"'")]
    [InlineData("    a")]
    [InlineData("<function=f>{")]
    [InlineData("[f(a=\"")]
    [InlineData("{\"name\":\"f\",\"parameters\":{}},")]
    public void Time_is_linear(string unit)
    {
        string answer = string.Concat(Enumerable.Repeat(unit, 400_000 / unit.Length)) + "!";
        long start = Stopwatch.GetTimestamp();
        Assert.Empty(ToolCallParser.Parse(answer).ToolCalls);
        // A quadratic parser would take many minutes.
        Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(30));
    }

    [Fact]
    public void Random_answers_never_throw()
    {
        var random = new Random(7);
        string[] pieces = ["[", "]", "{", "}", "(", ")", ",", "=", ":", "'", "\"", "\\", "f", "name", "\"name\"", "\"parameters\"", "1", "-.5", "None", "\n", " ", "<|eot|>", "<function=f>", "</function>", "\\u12", "\ud83d"];
        for (int round = 0; round < 20_000; round++)
        {
            string answer = string.Concat(Enumerable.Range(0, random.Next(30)).Select(_ => pieces[random.Next(pieces.Length)]));
            ParsedAnswer parsed = ToolCallParser.Parse(answer);
            if (parsed.ToolCalls.Count == 0)
                Assert.Equal(answer, parsed.Content);
        }
    }

    static string Write(ToolCall call) => $"{call.Name} {call.Arguments!.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping })}";
}
