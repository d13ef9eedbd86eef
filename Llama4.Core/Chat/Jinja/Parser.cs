namespace Llama4.Core.Chat.Jinja;

/// <summary>Tokens to statements; the expressions are in the other half.</summary>
sealed partial class Parser
{
    static readonly HashSet<string> refused = ["block", "extends", "include", "import", "from", "call", "autoescape"];

    readonly IReadOnlyList<Token> tokens;
    int at, nesting, loops;

    Parser(IReadOnlyList<Token> tokens) => this.tokens = tokens;

    /// <exception cref="TemplateException">With the line.</exception>
    public static IReadOnlyList<Statement> Parse(string source) => new Parser(Lexer.Read(source)).Body();

    Token Current => tokens[at];

    /// <summary>Statements up to a block tag with one of the names, which is then current; without names, up to the end.</summary>
    List<Statement> Body(params ReadOnlySpan<string> ends)
    {
        Enter();
        List<Statement> body = [];
        while (true)
        {
            Token token = Next();
            switch (token.Kind)
            {
                case TokenKind.Data:
                    body.Add(new Data(Text.Trusted(token.Text), token.Line));
                    break;
                case TokenKind.PrintBegin:
                    body.Add(new Output(TupleOrExpression(), token.Line));
                    Expect(TokenKind.PrintEnd);
                    break;
                case TokenKind.BlockBegin when Current.Kind == TokenKind.Name && ends.Contains(Current.Text):
                    nesting--;
                    return body;
                case TokenKind.BlockBegin:
                    body.Add(Block());
                    break;
                case TokenKind.End when ends.IsEmpty:
                    return body;
                default:
                    throw Error(token, $"Unexpected end of template. Looking for: {string.Join(" or ", ends.ToArray())}");
            }
        }
    }

    Statement Block()
    {
        Token tag = Expect(TokenKind.Name);
        Statement statement = tag.Text switch
        {
            "if" => ParseIf(tag),
            "for" => ParseFor(tag),
            "set" => ParseSet(tag),
            "macro" => ParseMacro(tag),
            "with" => ParseWith(tag),
            "filter" => ParseFilterBlock(tag),
            "generation" => new Group(BodyTo("endgeneration"), tag.Line),
            "break" or "continue" when loops == 0 => throw Error(tag, $"'{tag.Text}' outside loop"),
            "break" => new Break(tag.Line),
            "continue" => new Continue(tag.Line),
            _ when refused.Contains(tag.Text) => throw TemplateException.NotSupported($"tag '{tag.Text}'", tag.Line),
            _ => throw Error(tag, $"Encountered unknown tag '{tag.Text}'."),
        };
        Expect(TokenKind.BlockEnd);
        return statement;
    }

    /// <summary>From the end of the opening tag to the name of the closing one.</summary>
    List<Statement> BodyTo(string end)
    {
        Expect(TokenKind.BlockEnd);
        List<Statement> body = Body(end);
        Next();
        return body;
    }

    /// <summary>The body of a block whose text is a value: no break or continue leads out of it.</summary>
    List<Statement> CapturedBody(string end)
    {
        (int outer, loops) = (loops, 0);
        List<Statement> body = BodyTo(end);
        loops = outer;
        return body;
    }

    If ParseIf(Token tag)
    {
        List<(Expression, IReadOnlyList<Statement>)> branches = [];
        IReadOnlyList<Statement> otherwise = [];
        string next = "elif";
        while (next == "elif")
        {
            Expression test = TupleOrExpression(conditional: false);
            Expect(TokenKind.BlockEnd);
            branches.Add((test, Body("elif", "else", "endif")));
            next = Next().Text;
        }
        if (next == "else")
            otherwise = BodyTo("endif");
        return new If(branches, otherwise, tag.Line);
    }

    For ParseFor(Token tag)
    {
        Target target = ParseTarget();
        ExpectWord("in");
        Expression items = TupleOrExpression(conditional: false);
        Expression? filter = SkipWord("if") ? ParseExpression() : null;
        if (SkipWord("recursive"))
            throw TemplateException.NotSupported("recursive loops", tag.Line);
        Expect(TokenKind.BlockEnd);
        loops++;
        IReadOnlyList<Statement> body = Body("else", "endfor"), otherwise = [];
        loops--;
        if (Next().Text == "else")
            otherwise = BodyTo("endfor");
        return new For(target, items, filter, body, otherwise, tag.Line);
    }

    Statement ParseSet(Token tag)
    {
        Target target = ParseTarget();
        if (SkipOperator("="))
            return new Set(target, TupleOrExpression(), tag.Line);
        FilterOf? filter = SkipOperator("|") ? FilterChain() : null;
        return new SetBlock(target, filter, CapturedBody("endset"), tag.Line);
    }

    Macro ParseMacro(Token tag)
    {
        string name = Expect(TokenKind.Name).Text;
        List<(string, Expression?)> parameters = [];
        ExpectOperator("(");
        while (!IsOperator(")"))
        {
            if (parameters.Count > 0)
                ExpectOperator(",");
            Token parameter = Expect(TokenKind.Name);
            Expression? otherwise = SkipOperator("=") ? ParseExpression() : null;
            if (otherwise is null && parameters.Count > 0 && parameters[^1].Item2 is not null)
                throw Error(parameter, "non-default argument follows default argument");
            parameters.Add((parameter.Text, otherwise));
        }
        ExpectOperator(")");
        return new Macro(name, parameters, CapturedBody("endmacro"), tag.Line);
    }

    With ParseWith(Token tag)
    {
        List<(Target, Expression)> variables = [];
        while (Current.Kind != TokenKind.BlockEnd)
        {
            if (variables.Count > 0)
                ExpectOperator(",");
            Target target = ParseTarget();
            ExpectOperator("=");
            variables.Add((target, ParseExpression()));
        }
        return new With(variables, BodyTo("endwith"), tag.Line);
    }

    FilterBlock ParseFilterBlock(Token tag) => new(FilterChain(), CapturedBody("endfilter"), tag.Line);

    Target ParseTarget()
    {
        Token start = Current;
        List<Target> targets = [SingleTarget()];
        bool isTuple = false;
        while (SkipOperator(","))
        {
            isTuple = true;
            if (Current.Kind == TokenKind.Name && Current.Text != "in" || IsOperator("("))
                targets.Add(SingleTarget());
        }
        return isTuple ? new TupleTarget(targets, start.Line) : targets[0];
    }

    Target SingleTarget()
    {
        Enter();
        Token token = Current;
        Target target;
        if (SkipOperator("("))
        {
            target = ParseTarget();
            ExpectOperator(")");
        }
        else
        {
            string name = Expect(TokenKind.Name).Text;
            if (name.ToLowerInvariant() is "true" or "false" or "none")
                throw Error(token, $"can't assign to '{name}'");
            target = SkipOperator(".")
                ? new NamespaceTarget(name, Expect(TokenKind.Name).Text, token.Line)
                : new NameTarget(name, token.Line);
        }
        nesting--;
        return target;
    }

    void Enter()
    {
        if (++nesting > Limits.Nesting)
            throw Error(Current, $"nested deeper than {Limits.Nesting}");
    }

    Token Next() => Current.Kind == TokenKind.End ? Current : tokens[at++];

    bool IsOperator(string text) => Current.Kind == TokenKind.Operator && Current.Text == text;

    bool IsWord(string text) => Current.Kind == TokenKind.Name && Current.Text == text;

    bool SkipOperator(string text) => IsOperator(text) && Next().Text == text;

    bool SkipWord(string text) => IsWord(text) && Next().Text == text;

    void ExpectOperator(string text)
    {
        if (!SkipOperator(text))
            throw Error(Current, $"expected token '{text}', got '{Current.Text}'");
    }

    void ExpectWord(string text)
    {
        if (!SkipWord(text))
            throw Error(Current, $"expected token '{text}', got '{Current.Text}'");
    }

    Token Expect(TokenKind kind) => Current.Kind == kind
        ? Next()
        : throw Error(Current, $"expected {Describe(kind)}, got '{Current.Text}'");

    static string Describe(TokenKind kind) => kind switch
    {
        TokenKind.PrintEnd => "end of print statement",
        TokenKind.BlockEnd => "end of statement block",
        TokenKind.Name => "a name",
        _ => kind.ToString(),
    };

    static TemplateException Error(Token token, string problem) => new(problem, token.Line);
}
