namespace Llama4.Core.Chat.Jinja;

/// <summary>What follows a value: attributes, subscripts, calls, filters and tests.</summary>
sealed partial class Parser
{
    Expression ParsePostfix(Expression value)
    {
        for (int length = 0; ; length++)
        {
            Token token = Current;
            CheckChain(length, token);
            if (SkipOperator("."))
            {
                Token name = Next();
                value = name.Kind switch
                {
                    TokenKind.Name => new AttributeOf(value, name.Text, token.Line),
                    TokenKind.Integer => new SubscriptOf(value, new Literal(Integer(name), name.Line), token.Line),
                    _ => throw Error(name, $"expected name or number, got '{name.Text}'"),
                };
            }
            else if (SkipOperator("["))
                value = ParseSubscript(value, token);
            else if (IsOperator("("))
                value = new Call(value, ParseArguments(), token.Line);
            else
                return value;
        }
    }

    Expression ParseSubscript(Expression target, Token open)
    {
        Expression? start = IsOperator(":") ? null : ParseExpression();
        if (start is not null && !IsOperator(":"))
        {
            if (IsOperator(","))
                start = RestOfTuple(start, open);
            ExpectOperator("]");
            return new SubscriptOf(target, start, open.Line);
        }
        ExpectOperator(":");
        Expression? stop = IsOperator(":") || IsOperator("]") ? null : ParseExpression();
        Expression? step = SkipOperator(":") && !IsOperator("]") ? ParseExpression() : null;
        ExpectOperator("]");
        return new SliceOf(target, start, stop, step, open.Line);
    }

    ArgumentList ParseArguments()
    {
        ExpectOperator("(");
        List<Expression> positional = [];
        List<(string, Expression)> named = [];
        Separated(")", () =>
        {
            if (IsOperator("*") || IsOperator("**"))
                throw TemplateException.NotSupported("'*' in a call", Current.Line);
            if (Current.Kind == TokenKind.Name && tokens[at + 1] is { Kind: TokenKind.Operator, Text: "=" })
            {
                string name = Next().Text;
                Next();
                named.Add((name, ParseExpression()));
            }
            else if (named.Count > 0)
                throw Error(Current, "positional argument follows keyword argument");
            else
                positional.Add(ParseExpression());
            return true;
        });
        return new ArgumentList(positional, named);
    }

    /// <summary>Filters, tests and calls behind a value.</summary>
    Expression Filters(Expression value)
    {
        for (int length = 0; ; length++)
        {
            Token token = Current;
            CheckChain(length, token);
            if (SkipOperator("|"))
                value = ParseFilter(value);
            else if (SkipWord("is"))
                value = ParseTest(value, token);
            else if (IsOperator("("))
                value = new Call(value, ParseArguments(), token.Line);
            else
                return value;
        }
    }

    /// <summary>The filters of a block, first | second: its body is the value.</summary>
    FilterOf FilterChain()
    {
        FilterOf chain = ParseFilter(null);
        for (int length = 0; SkipOperator("|"); length++)
        {
            CheckChain(length, Current);
            chain = ParseFilter(chain);
        }
        return chain;
    }

    FilterOf ParseFilter(Expression? value)
    {
        Token start = Current;
        return new FilterOf(value, DottedName(), IsOperator("(") ? ParseArguments() : new([], []), start.Line);
    }

    TestOf ParseTest(Expression target, Token start)
    {
        bool negated = SkipWord("not");
        string name = DottedName();
        ArgumentList arguments = new([], []);
        if (IsOperator("("))
            arguments = ParseArguments();
        else if (Current.Kind is TokenKind.String or TokenKind.Integer or TokenKind.Float || IsOperator("[") || IsOperator("{")
            || (Current.Kind == TokenKind.Name && Current.Text is not ("else" or "or" or "and")))
        {
            if (IsWord("is"))
                throw Error(Current, "You cannot chain multiple tests with is");
            arguments = new([ParsePostfix(ParsePrimary())], []);
        }
        return new TestOf(target, name, arguments, negated, start.Line);
    }

    string DottedName()
    {
        string name = Expect(TokenKind.Name).Text;
        while (SkipOperator("."))
            name += "." + Expect(TokenKind.Name).Text;
        return name;
    }

    static void CheckChain(int length, Token token)
    {
        if (length > Limits.Nesting)
            throw Error(token, $"more than {Limits.Nesting} attributes, calls or filters in a row");
    }
}
