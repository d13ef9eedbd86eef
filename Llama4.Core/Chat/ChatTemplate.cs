using Llama4.Core.Chat.Jinja;

namespace Llama4.Core.Chat;

/// <summary>
/// Turns messages into the text of a prompt: by the Jinja template that came with a checkpoint, or by the built-in one of Llama 4.
/// </summary>
public sealed class ChatTemplate
{
    static readonly HashSet<string> roles = ["system", "user", "assistant", "tool", "ipython"];

    readonly string name;
    readonly string beginOfText;
    readonly string endOfTurn;
    readonly JinjaTemplate? template;

    ChatTemplate(string name, string beginOfText, string endOfTurn, JinjaTemplate? template)
    {
        this.name = name;
        this.beginOfText = beginOfText;
        this.endOfTurn = endOfTurn;
        this.template = template;
    }

    /// <summary>The template of the Llama 4 release, for checkpoints that bring none.</summary>
    public static ChatTemplate Llama4 { get; } = new("the built-in chat template", "<|begin_of_text|>", "<|eot|>", null);

    public bool IsBuiltIn => template is null;

    /// <param name="source">A template in Jinja.</param>
    /// <param name="name">File or key that it comes from, for messages.</param>
    /// <param name="beginOfText">Text of the token that begins a prompt: the template's bos_token.</param>
    /// <param name="endOfTurn">Text of the token that ends an answer: the template's eos_token.</param>
    /// <exception cref="ModelFormatException">The template is not well-formed or too large.</exception>
    public static ChatTemplate Parse(string source, string name, string beginOfText = "<|begin_of_text|>", string endOfTurn = "<|eot|>")
    {
        try
        {
            return new ChatTemplate(name, beginOfText, endOfTurn, JinjaTemplate.Parse(source));
        }
        catch (TemplateException e)
        {
            throw new ModelFormatException(name, $"line {e.Line}", e.Message, e);
        }
    }

    /// <summary>
    /// The prompt, as runs of text by the template and of text by others. A control token counts only where the template wrote every
    /// character of it; an image stands where the template wrote its placeholder. Neighbours differ in trust; none is empty.
    /// </summary>
    /// <exception cref="InvalidRequestException">
    /// A role or a variable that is not allowed, an error that the template raised, or a limit of length, depth or work.
    /// </exception>
    public IReadOnlyList<TemplateSpan> Render(IReadOnlyList<ChatMessage> messages, ChatTemplateOptions? options = null)
    {
        options ??= new ChatTemplateOptions();
        Check(messages, options);
        var budget = new Budget();
        try
        {
            Text prompt = template is null
                ? new BuiltInTemplate(budget, messages, options).Render(beginOfText)
                : template.Render(budget, TemplateVariables.Create(messages, options, beginOfText, endOfTurn), options.Clock);
            return prompt.ToSpans();
        }
        catch (TemplateException e)
        {
            throw new InvalidRequestException(e.Line > 0 ? $"{name}, line {e.Line}: {e.Message}" : $"{name}: {e.Message}", e);
        }
    }

    static void Check(IReadOnlyList<ChatMessage> messages, ChatTemplateOptions options)
    {
        for (int i = 0; i < messages.Count; i++)
            if (!roles.Contains(messages[i].Role))
                throw new InvalidRequestException($"messages[{i}]: role \"{messages[i].Role}\" is not one of {string.Join(", ", roles)}");
        IReadOnlySet<string> allowed = ChatTemplateOptions.AllowedVariables;
        foreach (string variable in options.Variables.Keys)
            if (!allowed.Contains(variable))
                throw new InvalidRequestException($"template variable \"{variable}\" is not one of {string.Join(", ", allowed)}");
    }
}
