using System.Text.Json.Nodes;
using Llama4.Core.Chat.Jinja;

namespace Llama4.Core.Chat;

/// <summary>The prompt of the Llama 4 release (specification 5.2, template A), written out without an interpreter.</summary>
sealed class BuiltInTemplate
{
    const string format =
        "Respond in the format {\"name\": function name, \"parameters\": dictionary of argument name and its value}."
        + "Do not use variables.\n\n";

    readonly Budget budget;
    readonly ChatTemplateOptions options;
    readonly IReadOnlyList<ChatMessage> messages;
    readonly IReadOnlyList<Value>? tools;
    readonly bool toolsInUserMessage;
    readonly TextBuilder prompt;

    public BuiltInTemplate(Budget budget, IReadOnlyList<ChatMessage> messages, ChatTemplateOptions options)
    {
        this.budget = budget;
        this.messages = messages;
        this.options = options;
        prompt = new TextBuilder(budget);
        Value defined = options.Variables.TryGetValue("custom_tools", out JsonNode? custom) ? Json.FromNode(custom)
            : options.Tools is null ? None.Value : TemplateVariables.Tools(options.Tools);
        tools = defined is None ? null : Sequences.Items(budget, defined);
        toolsInUserMessage = !options.Variables.TryGetValue("tools_in_user_message", out JsonNode? given)
            || Operators.IsTrue(Json.FromNode(given));
    }

    public Text Render(string beginOfText)
    {
        int next = 0;
        Write(beginOfText);
        if (messages is [{ Role: "system" }, ..])
            WriteSystem(messages[next++]);
        if (tools is not null && toolsInUserMessage)
            WriteQuestionWithTools(next < messages.Count ? messages[next++]
                : throw new TemplateException("Cannot put tools in the first user message when there's no first user message!"));
        for (; next < messages.Count; next++)
            WriteMessage(messages[next]);
        if (options.AddGenerationPrompt)
            WriteHeader("assistant");
        return prompt.ToText();
    }

    void WriteSystem(ChatMessage message)
    {
        WriteHeader("system");
        if (tools is not null)
            Write("Environment: ipython\n");
        if (tools is not null && !toolsInUserMessage)
        {
            Write("You have access to the following functions. To call a function, please respond with JSON for a function call." + format);
            WriteTools();
        }
        prompt.Append(Strip(TextOf(message)));
        Write("<|eot|>");
    }

    void WriteQuestionWithTools(ChatMessage message)
    {
        WriteHeader("user");
        Write("Given the following functions, please respond with a JSON for a function call "
            + "with its proper arguments that best answers the given prompt.\n\n" + format);
        WriteTools();
        var content = new TextBuilder(budget);
        WriteContent(content, message);
        prompt.Append(Strip(content.ToText()));
        Write("<|eot|>");
    }

    void WriteMessage(ChatMessage message)
    {
        if (message.ToolCalls is { Count: 0 })
            return;
        if (message.ToolCalls is { } calls)
        {
            WriteHeader("assistant");
            Write("<|python_start|>");
            WriteContent(prompt, message);
            Write("<|python_end|>");
            foreach (ToolCall call in calls)
                WriteCall(call);
        }
        else if (message.Role is "tool" or "ipython")
        {
            WriteHeader("ipython");
            Json.Write(budget, prompt, TemplateVariables.Content(message), new Json.Layout());
        }
        else
        {
            WriteHeader(message.Role, own: false);
            WriteContent(prompt, message);
        }
        Write("<|eot|>");
    }

    void WriteCall(ToolCall call)
    {
        Write("{\"name\": \"");
        prompt.Append(call.Name, trusted: false);
        Write("\", \"parameters\": ");
        Json.Write(budget, prompt, Json.FromNode(call.Arguments), new Json.Layout());
        Write("}");
    }

    void WriteTools()
    {
        foreach (Value tool in tools!)
        {
            Json.Write(budget, prompt, tool, new Json.Layout(Indent: "    "));
            Write("\n\n");
        }
    }

    /// <param name="own">Whether the template names the role, not the message.</param>
    void WriteHeader(string role, bool own = true)
    {
        Write("<|header_start|>");
        prompt.Append(role, trusted: own);
        Write("<|header_end|>\n\n");
    }

    static void WriteContent(TextBuilder output, ChatMessage message)
    {
        foreach (ContentPart part in message.Content)
            if (part is TextPart { Text: var text })
                output.Append(text, trusted: false);
            else
                output.Append("<|image|>", trusted: true);
    }

    Text TextOf(ChatMessage message)
    {
        var text = new TextBuilder(budget);
        foreach (ContentPart part in message.Content)
            text.Append(part is TextPart { Text: var piece } ? piece : "", trusted: false);
        return text.ToText();
    }

    Text Strip(Text text) => TextFunctions.Strip(budget, text, null);

    void Write(string own) => prompt.Append(own, trusted: true);
}
