namespace Llama4.Core.Chat.Jinja;

/// <summary>Runs the statements of a template; expressions are in the other half.</summary>
sealed partial class Evaluator(Budget budget)
{
    /// <summary>How a list of statements ended.</summary>
    enum Flow { Through, Break, Continue }

    public Text Run(IReadOnlyList<Statement> template, Scope globals)
    {
        var output = new TextBuilder(budget);
        Execute(template, new Scope(globals), output);
        return output.ToText();
    }

    Flow Execute(IReadOnlyList<Statement> body, Scope scope, TextBuilder output)
    {
        foreach (Statement statement in body)
        {
            budget.Enter();
            budget.Line = statement.Line;
            Flow flow = Execute(statement, scope, output);
            budget.Leave();
            if (flow != Flow.Through)
                return flow;
        }
        return Flow.Through;
    }

    Flow Execute(Statement statement, Scope scope, TextBuilder output)
    {
        switch (statement)
        {
            case Data data:
                output.Append(data.Text);
                break;
            case Output print:
                Printer.Print(budget, output, Evaluate(print.Value, scope));
                break;
            case If choice:
                return ExecuteIf(choice, scope, output);
            case For loop:
                ExecuteFor(loop, scope, output);
                break;
            case Break:
                return Flow.Break;
            case Continue:
                return Flow.Continue;
            case Set set:
                Assign(set.Target, Evaluate(set.Value, scope), scope);
                break;
            case SetBlock block:
                Assign(block.Target, Capture(block.Body, block.Filter, scope), scope);
                break;
            case FilterBlock block:
                Printer.Print(budget, output, Capture(block.Body, block.Filter, scope));
                break;
            case With with:
                var inner = new Scope(scope);
                foreach ((Target target, Expression value) in with.Variables)
                    Assign(target, Evaluate(value, scope), inner);
                return Execute(with.Body, inner, output);
            case Macro macro:
                scope.Set(macro.Name, new Callable(macro.Name, (_, arguments) => Expand(macro, arguments, scope)));
                break;
            case Group group:
                return Execute(group.Body, scope, output);
        }
        return Flow.Through;
    }

    Flow ExecuteIf(If choice, Scope scope, TextBuilder output)
    {
        foreach ((Expression test, IReadOnlyList<Statement> body) in choice.Branches)
            if (Operators.IsTrue(Evaluate(test, scope)))
                return Execute(body, scope, output);
        return Execute(choice.Otherwise, scope, output);
    }

    void ExecuteFor(For loop, Scope scope, TextBuilder output)
    {
        IReadOnlyList<Value> items = Sequences.Items(budget, Evaluate(loop.Items, scope));
        if (loop.Filter is not null)
            items = Where(items, loop, scope);
        var state = new Loop(items);
        bool whole = false;
        for (; state.Index < items.Count; state.Index++)
        {
            budget.Steps();
            var round = new Scope(scope);
            round.Set("loop", state);
            Assign(loop.Target, items[state.Index], round);
            Flow flow = Execute(loop.Body, round, output);
            whole |= flow == Flow.Through;
            if (flow == Flow.Break)
                break;
        }
        // As in Jinja, "else" runs where no round reached its end, be it by break or continue.
        if (!whole)
            Execute(loop.Otherwise, new Scope(scope), output);
    }

    List<Value> Where(IReadOnlyList<Value> items, For loop, Scope scope)
    {
        List<Value> kept = [];
        foreach (Value item in items)
        {
            var round = new Scope(scope);
            Assign(loop.Target, item, round);
            if (Operators.IsTrue(Evaluate(loop.Filter!, round)))
                kept.Add(item);
        }
        return kept;
    }

    Value Capture(IReadOnlyList<Statement> body, FilterOf? filter, Scope scope)
    {
        var output = new TextBuilder(budget);
        Execute(body, new Scope(scope), output);
        return filter is null ? output.ToText() : ApplyFilter(filter, output.ToText(), scope);
    }

    Text Expand(Macro macro, Arguments arguments, Scope definedIn)
    {
        var inner = new Scope(definedIn);
        Value?[] given = arguments.Bind($"macro '{macro.Name}'", [.. macro.Parameters.Select(parameter => parameter.Name)]);
        for (int i = 0; i < given.Length; i++)
        {
            (string name, Expression? otherwise) = macro.Parameters[i];
            inner.Set(name, given[i]
                ?? (otherwise is null ? new Undefined($"parameter '{name}' was not provided") : Evaluate(otherwise, inner)));
        }
        var output = new TextBuilder(budget);
        Execute(macro.Body, inner, output);
        return output.ToText();
    }

    void Assign(Target target, Value value, Scope scope)
    {
        switch (target)
        {
            case NameTarget name:
                scope.Set(name.Name, value);
                break;
            case NamespaceTarget attribute:
                if (scope.Find(attribute.Namespace) is not Namespace space)
                    throw new TemplateException("cannot assign attribute on non-namespace object");
                space.Attributes[attribute.Attribute] = value;
                break;
            case TupleTarget tuple:
                IReadOnlyList<Value> values = Sequences.Items(budget, value);
                if (values.Count != tuple.Items.Count)
                    throw new TemplateException($"{values.Count} value(s) to unpack, expected {tuple.Items.Count}");
                for (int i = 0; i < values.Count; i++)
                    Assign(tuple.Items[i], values[i], scope);
                break;
        }
    }
}
