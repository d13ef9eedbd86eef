using System.Text.Json.Nodes;

namespace Llama4.Core.Chat;

/// <summary>
/// Finds the function calls that end an answer, in the forms that Llama 4 models write: a Python list [f(a=1), g()], calls without the
/// brackets at the start of a line, JSON objects {"name": …, "parameters" or "arguments": {…}} or an array of them, and
/// &lt;function=NAME&gt;{…}&lt;/function&gt;. Time is linear in the length of the answer. For answers to requests with tools:
/// elsewhere an answer may well end in code that looks like a call.
/// </summary>
public sealed class ToolCallParser
{
    /// <summary>Tokens that may stand around calls as text; they are read like white space.</summary>
    static readonly string[] blanks = ["<|python_start|>", "<|python_end|>", "<|eot|>", "<|eom|>"];

    const string functionTag = "<function=", functionEnd = "</function>";

    readonly string text;
    readonly List<ToolCall> calls = [];
    readonly LiteralReader reader;

    ToolCallParser(string text)
    {
        this.text = text;
        reader = new LiteralReader(text);
    }

    /// <summary>
    /// The calls and the text before them. Calls count only when nothing but white space follows, so an answer that was cut inside a call,
    /// or goes on in prose, is text. A call that is no valid call (arguments without names, values that are no literals) is dropped; the
    /// others of its list stay.
    /// </summary>
    public static ParsedAnswer Parse(string answer) => new ToolCallParser(answer).Parse();

    ParsedAnswer Parse()
    {
        // What a failed attempt has read is not tried again: inside a call that was cut there may be what looks like another.
        for (int at = 0; at < text.Length; at = Math.Max(at + 1, reader.Position))
        {
            reader.Position = at;
            if (MayBegin(at) && ReadCalls())
                return new ParsedAnswer(WithoutBlanks(text[..at]).TrimEnd(), calls);
        }
        return new ParsedAnswer(text, []);
    }

    bool MayBegin(int at) =>
        text[at] is '[' or '{' || StartsWith(at, functionTag) || (LiteralReader.BeginsName(text[at]) && IsLineStart(at));

    bool IsLineStart(int at)
    {
        while (at > 0 && text[at - 1] is ' ' or '\t')
            at--;
        return at == 0 || text[at - 1] == '\n'
            || (text[at - 1] == '>' && Array.Exists(blanks, blank => text.AsSpan(0, at).EndsWith(blank)));
    }

    /// <summary>Whether from here on there are calls only, and at least one.</summary>
    bool ReadCalls()
    {
        calls.Clear();
        while (true)
        {
            SkipBlanks();
            if (reader.AtEnd)
                return calls.Count > 0;
            if (!ReadItem())
                return false;
            SkipBlanks();
            if (!reader.Skip(','))
                reader.Skip(';');
        }
    }

    /// <summary>One list or call, well-formed as far as brackets go.</summary>
    bool ReadItem()
    {
        if (reader.Current == '[')
            return ReadList();
        if (StartsWith(reader.Position, functionTag))
            return ReadFunctionTag();
        return ReadCall();
    }

    bool ReadList()
    {
        reader.Skip('[');
        while (true)
        {
            reader.SkipSpace();
            if (reader.Skip(']'))
                return true;
            if (!ReadCall())
                return false;
            reader.SkipSpace();
            if (!reader.Skip(',') && reader.Current != ']')
                return false;
        }
    }

    /// <summary>NAME(key=value, …) or a JSON object; false where neither begins, or where it does not end.</summary>
    bool ReadCall()
    {
        int start = reader.Position;
        if (reader.Current == '{')
        {
            reader.Skip('{');
            reader.SkipSpace();
            if (reader.Current is not ('"' or '\'' or '}'))
                return false;
            reader.Position = start;
            if (reader.TryRead(out JsonNode? value))
                return Add(value as JsonObject);
        }
        else
        {
            string name = reader.ReadName(".-");
            int open = reader.Position;
            if (name.Length == 0 || !reader.Skip('('))
                return false;
            if (reader.TryReadArguments(out JsonObject arguments))
                return Add(name.EndsWith(".call", StringComparison.Ordinal) ? name[..^5] : name, arguments);
            start = open;
        }
        reader.Position = start;
        return reader.SkipBalanced();
    }

    bool ReadFunctionTag()
    {
        reader.Position += functionTag.Length;
        string name = reader.ReadName(".-");
        if (name.Length == 0 || !reader.Skip('>'))
            return false;
        reader.SkipSpace();
        if (!reader.TryRead(out JsonNode? arguments))
            return false;
        reader.SkipSpace();
        if (!StartsWith(reader.Position, functionEnd))
            return false;
        reader.Position += functionEnd.Length;
        return arguments is not JsonObject named || Add(name, named);
    }

    /// <summary>Keeps the call that an object describes, if it describes one.</summary>
    bool Add(JsonObject? call)
    {
        JsonNode? arguments = call?["parameters"] ?? call?["arguments"];
        if (arguments is JsonValue quoted && quoted.TryGetValue(out string? inner))
        {
            var innerReader = new LiteralReader(inner);
            arguments = innerReader.TryRead(out JsonNode? parsed) && innerReader.AtEnd ? parsed : null;
        }
        if (arguments is JsonObject named && call!["name"] is JsonValue value && value.TryGetValue(out string? name) && name.Length > 0)
            Add(name, (JsonObject)named.DeepClone());
        return true;
    }

    bool Add(string name, JsonObject arguments)
    {
        calls.Add(new ToolCall(name, arguments));
        return true;
    }

    void SkipBlanks()
    {
        while (true)
        {
            reader.SkipSpace();
            string? blank = reader.Current == '<' ? Array.Find(blanks, blank => StartsWith(reader.Position, blank)) : null;
            if (blank is null)
                return;
            reader.Position += blank.Length;
        }
    }

    bool StartsWith(int at, string part) => text.AsSpan(at).StartsWith(part);

    static string WithoutBlanks(string prose)
    {
        foreach (string blank in blanks)
            prose = prose.Replace(blank, "");
        return prose;
    }
}
