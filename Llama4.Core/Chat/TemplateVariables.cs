using System.Text.Json.Nodes;
using Llama4.Core.Chat.Jinja;

namespace Llama4.Core.Chat;

/// <summary>What a template sees of a request, in the shape that chat APIs and the reference implementation give it.</summary>
static class TemplateVariables
{
    public static Dictionary<string, Value> Create(
        IReadOnlyList<ChatMessage> messages, ChatTemplateOptions options, string beginOfText, string endOfTurn)
    {
        Dictionary<string, Value> variables = new()
        {
            ["messages"] = Sequence.List([.. messages.Select(Message)]),
            ["tools"] = options.Tools is { } tools ? Tools(tools) : None.Value,
            ["add_generation_prompt"] = Bool.Of(options.AddGenerationPrompt),
            ["bos_token"] = Text.Trusted(beginOfText),
            ["eos_token"] = Text.Trusted(endOfTurn),
        };
        if (options.DateString is { } date)
            variables["date_string"] = Text.Untrusted(date);
        foreach ((string name, JsonNode? value) in options.Variables)
            variables[name] = Json.FromNode(value);
        return variables;
    }

    public static Value Tools(IReadOnlyList<JsonNode> tools) => Sequence.List([.. tools.Select(tool => Json.FromNode(tool))]);

    /// <summary>A string, or a list of parts.</summary>
    public static Value Content(ChatMessage message) => message is { IsPlainText: true, Content: [TextPart only] }
        ? Text.Untrusted(only.Text)
        : Sequence.List([.. message.Content.Select(Part)]);

    static Value Message(ChatMessage message)
    {
        OrderedDictionary<Value, Value> entries = Dict.Of(("role", Text.Untrusted(message.Role)), ("content", Content(message))).Entries;
        if (message.ToolCalls is { } calls)
            entries[Text.Untrusted("tool_calls")] = Sequence.List([.. calls.Select(Call)]);
        return new Dict(entries);
    }

    static Dict Part(ContentPart part) => part is TextPart { Text: var text }
        ? Dict.Of(("type", Text.Untrusted("text")), ("text", Text.Untrusted(text)))
        : Dict.Of(("type", Text.Untrusted("image")));

    static Dict Call(ToolCall call)
    {
        Dict function = Dict.Of(("name", Text.Untrusted(call.Name)), ("arguments", Json.FromNode(call.Arguments)));
        return call.Id is null
            ? Dict.Of(("type", Text.Untrusted("function")), ("function", function))
            : Dict.Of(("type", Text.Untrusted("function")), ("id", Text.Untrusted(call.Id)), ("function", function));
    }
}
