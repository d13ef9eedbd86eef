namespace Llama4.Core.Chat.Jinja;

sealed partial class Evaluator
{
    Value Evaluate(Expression expression, Scope scope)
    {
        budget.Enter();
        budget.Line = expression.Line;
        Value value = expression switch
        {
            Literal literal => literal.Value,
            Name name => Find(name, scope),
            AttributeOf attribute => Access.Attribute(budget, Evaluate(attribute.Target, scope), attribute.Attribute),
            SubscriptOf subscript => Access.Subscript(budget, Evaluate(subscript.Target, scope), Evaluate(subscript.Key, scope)),
            SliceOf slice => Sequences.Slice(
                budget, Evaluate(slice.Target, scope), Bound(slice.Start, scope), Bound(slice.Stop, scope), Bound(slice.Step, scope)),
            Comparison comparison => Compare(comparison, scope),
            Logic logic => Decide(logic, scope),
            Unary { Operator: "not" } not => Bool.Of(!Operators.IsTrue(Evaluate(not.Operand, scope))),
            Unary sign => Operators.Sign(Evaluate(sign.Operand, scope), sign.Operator == "-"),
            Arithmetic arithmetic => Compute(arithmetic, scope),
            Concatenation concatenation => Operators.Concat(budget, All(concatenation.Operands, scope)),
            Conditional choice => Operators.IsTrue(Evaluate(choice.Test, scope)) ? Evaluate(choice.Then, scope)
                : choice.Otherwise is null ? new Undefined("the inline if-expression evaluated to false and no else section was defined.")
                : Evaluate(choice.Otherwise, scope),
            FilterOf filter => ApplyFilter(filter, null, scope),
            TestOf test => Bool.Of(
                Tests.Holds(budget, test.Test, Evaluate(test.Target, scope), Evaluate(test.Arguments, scope)) != test.Negated),
            Call call => Invoke(call, scope),
            ListDisplay list => new Sequence(list.Kind, All(list.Items, scope)),
            DictDisplay dict => MakeDict(dict, scope),
            _ => throw new InvalidOperationException($"no evaluation of {expression.GetType().Name}"),
        };
        budget.Leave();
        return value;
    }

    static Value Find(Name name, Scope scope) => scope.Find(name.Identifier)
        ?? (Functions.IsRefused(name.Identifier)
            ? throw TemplateException.NotSupported($"'{name.Identifier}'")
            : new Undefined($"'{name.Identifier}' is undefined"));

    Value Bound(Expression? bound, Scope scope) => bound is null ? None.Value : Evaluate(bound, scope);

    Bool Compare(Comparison comparison, Scope scope)
    {
        Value left = Evaluate(comparison.First, scope);
        foreach ((string @operator, Expression operand) in comparison.Rest)
        {
            Value right = Evaluate(operand, scope);
            if (!Operators.Holds(budget, @operator, left, right))
                return Bool.False;
            left = right;
        }
        return Bool.True;
    }

    Value Decide(Logic logic, Scope scope)
    {
        for (int i = 0; ; i++)
        {
            Value value = Evaluate(logic.Operands[i], scope);
            if (i == logic.Operands.Count - 1 || Operators.IsTrue(value) != logic.IsAnd)
                return value;
        }
    }

    Value Compute(Arithmetic arithmetic, Scope scope)
    {
        Value value = Evaluate(arithmetic.First, scope);
        foreach ((string @operator, Expression operand) in arithmetic.Rest)
            value = Operators.Compute(budget, @operator, value, Evaluate(operand, scope));
        return value;
    }

    Value[] All(IReadOnlyList<Expression> expressions, Scope scope)
    {
        budget.Items(expressions.Count);
        var values = new Value[expressions.Count];
        for (int i = 0; i < values.Length; i++)
            values[i] = Evaluate(expressions[i], scope);
        return values;
    }

    Dict MakeDict(DictDisplay dict, Scope scope)
    {
        budget.Items(dict.Entries.Count);
        OrderedDictionary<Value, Value> entries = Dict.NewEntries();
        foreach ((Expression key, Expression value) in dict.Entries)
            entries[KeyComparer.Checked(budget, Evaluate(key, scope))] = Evaluate(value, scope);
        return new Dict(entries);
    }

    Arguments Evaluate(ArgumentList arguments, Scope scope) => arguments.Positional.Count + arguments.Named.Count == 0
        ? Arguments.None
        : new Arguments(
            All(arguments.Positional, scope), [.. arguments.Named.Select(argument => (argument.Name, Evaluate(argument.Value, scope)))]);

    /// <param name="body">The value where the chain begins in a filter block.</param>
    Value ApplyFilter(FilterOf filter, Text? body, Scope scope)
    {
        Value value = filter.Target switch
        {
            null => body!,
            FilterOf inner when body is not null => ApplyFilter(inner, body, scope),
            Expression target => Evaluate(target, scope),
        };
        budget.Line = filter.Line;
        return Filters.Apply(budget, filter.Filter, value, Evaluate(filter.Arguments, scope));
    }

    Value Invoke(Call call, Scope scope)
    {
        Value target = Evaluate(call.Target, scope);
        Arguments arguments = Evaluate(call.Arguments, scope);
        budget.Line = call.Line;
        return target switch
        {
            Callable callable => callable.Call(budget, arguments),
            Undefined undefined => throw undefined.Error(),
            _ => throw new TemplateException($"'{target.TypeName}' object is not callable"),
        };
    }
}
