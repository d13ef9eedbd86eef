namespace Llama4.Core.Chat.Jinja;

/// <summary>
/// A chat template in the language of Jinja 3 as chat templates use it, from a source that nobody vouches for: no object of the host is
/// within its reach, and every rendering stays inside <see cref="Limits"/>.
/// </summary>
sealed class JinjaTemplate
{
    readonly IReadOnlyList<Statement> statements;

    JinjaTemplate(IReadOnlyList<Statement> statements) => this.statements = statements;

    /// <exception cref="TemplateException">With the line.</exception>
    public static JinjaTemplate Parse(string source) => new(Parser.Parse(source));

    /// <exception cref="TemplateException">With the line: the template's own error, a mistake in it, or a limit.</exception>
    public Text Render(Budget budget, IReadOnlyDictionary<string, Value> variables, TimeProvider clock)
    {
        var globals = new Scope(null);
        foreach ((string name, Value function) in Functions.Create(clock))
            globals.Set(name, function);
        foreach ((string name, Value value) in variables)
            globals.Set(name, value);
        try
        {
            return new Evaluator(budget).Run(statements, globals);
        }
        catch (TemplateException e) when (e.Line == 0)
        {
            throw new TemplateException(e.Message, budget.Line, e);
        }
    }
}
