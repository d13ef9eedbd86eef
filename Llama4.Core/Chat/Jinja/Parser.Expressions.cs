using System.Globalization;

namespace Llama4.Core.Chat.Jinja;

/// <summary>Expressions, loosest operator first: if else, or, and, not, comparisons, + -, ~, * / // %, **, signs.</summary>
sealed partial class Parser
{
    static readonly HashSet<string> comparisons = ["==", "!=", "<", "<=", ">", ">="];

    /// <param name="conditional">Whether "if" may follow; it may not where it would be the filter of a loop.</param>
    Expression TupleOrExpression(bool conditional = true)
    {
        Token start = Current;
        Expression first = conditional ? ParseExpression() : ParseOr();
        return IsOperator(",") ? RestOfTuple(first, start, conditional) : first;
    }

    ListDisplay RestOfTuple(Expression first, Token start, bool conditional = true)
    {
        List<Expression> items = [first];
        while (SkipOperator(","))
            if (!EndsTuple())
                items.Add(conditional ? ParseExpression() : ParseOr());
        return new ListDisplay(SequenceKind.Tuple, items, start.Line);
    }

    bool EndsTuple() =>
        Current.Kind is TokenKind.PrintEnd or TokenKind.BlockEnd or TokenKind.End || IsOperator(")") || IsOperator("]") || IsOperator(",");

    Expression ParseExpression()
    {
        Enter();
        Token start = Current;
        Expression value = ParseOr();
        while (SkipWord("if"))
        {
            Expression test = ParseOr();
            value = new Conditional(test, value, SkipWord("else") ? ParseExpression() : null, start.Line);
        }
        nesting--;
        return value;
    }

    Expression ParseOr() => ParseLogic("or", () => ParseLogic("and", ParseNot));

    Expression ParseLogic(string word, Func<Expression> operand)
    {
        Token start = Current;
        Expression first = operand();
        if (!IsWord(word))
            return first;
        List<Expression> operands = [first];
        while (SkipWord(word))
            operands.Add(operand());
        return new Logic(word == "and", operands, start.Line);
    }

    Expression ParseNot()
    {
        Token start = Current;
        if (!SkipWord("not"))
            return ParseComparison();
        Enter();
        var negated = new Unary("not", ParseNot(), start.Line);
        nesting--;
        return negated;
    }

    Expression ParseComparison()
    {
        Token start = Current;
        Expression first = ParseSum();
        List<(string, Expression)> rest = [];
        while (true)
        {
            if (Current.Kind == TokenKind.Operator && comparisons.Contains(Current.Text))
                rest.Add((Next().Text, ParseSum()));
            else if (SkipWord("in"))
                rest.Add(("in", ParseSum()));
            else if (IsWord("not") && tokens[at + 1] is { Kind: TokenKind.Name, Text: "in" })
            {
                at += 2;
                rest.Add(("not in", ParseSum()));
            }
            else
                return rest.Count == 0 ? first : new Comparison(first, rest, start.Line);
        }
    }

    Expression ParseSum() => ParseArithmetic(ParseConcatenation, "+", "-");

    Expression ParseConcatenation()
    {
        Token start = Current;
        Expression first = ParseProduct();
        if (!IsOperator("~"))
            return first;
        List<Expression> operands = [first];
        while (SkipOperator("~"))
            operands.Add(ParseProduct());
        return new Concatenation(operands, start.Line);
    }

    Expression ParseProduct() => ParseArithmetic(ParsePower, "*", "/", "//", "%");

    Expression ParsePower() => ParseArithmetic(() => ParseUnary(), "**");

    Expression ParseArithmetic(Func<Expression> operand, params ReadOnlySpan<string> operators)
    {
        Token start = Current;
        Expression first = operand();
        List<(string, Expression)> rest = [];
        while (Current.Kind == TokenKind.Operator && operators.Contains(Current.Text))
            rest.Add((Next().Text, operand()));
        return rest.Count == 0 ? first : new Arithmetic(first, rest, start.Line);
    }

    Expression ParseUnary(bool withFilters = true)
    {
        Token start = Current;
        Expression value;
        if (IsOperator("-") || IsOperator("+"))
        {
            Enter();
            value = new Unary(Next().Text, ParseUnary(withFilters: false), start.Line);
            nesting--;
        }
        else
            value = ParsePrimary();
        value = ParsePostfix(value);
        return withFilters ? Filters(value) : value;
    }

    Expression ParsePrimary()
    {
        Token token = Next();
        switch (token.Kind)
        {
            case TokenKind.Name:
                return token.Text switch
                {
                    "true" or "True" => new Literal(Bool.True, token.Line),
                    "false" or "False" => new Literal(Bool.False, token.Line),
                    "none" or "None" => new Literal(None.Value, token.Line),
                    _ => new Name(token.Text, token.Line),
                };
            case TokenKind.String:
                string joined = token.Text;
                if (Current.Kind == TokenKind.String)
                {
                    List<string> parts = [joined];
                    while (Current.Kind == TokenKind.String)
                        parts.Add(Next().Text);
                    joined = string.Concat(parts);
                }
                return new Literal(Text.Trusted(joined), token.Line);
            case TokenKind.Integer:
                return new Literal(Integer(token), token.Line);
            case TokenKind.Float:
                return new Literal(new Float(double.Parse(token.Text.Replace("_", ""), CultureInfo.InvariantCulture)), token.Line);
            case TokenKind.Operator when token.Text == "(":
                return ParseParentheses(token);
            case TokenKind.Operator when token.Text == "[":
                return new ListDisplay(SequenceKind.List, Separated("]", ParseExpression), token.Line);
            case TokenKind.Operator when token.Text == "{":
                return new DictDisplay(Separated("}", ParseEntry), token.Line);
            default:
                throw Error(token, $"unexpected '{token.Text}'");
        }
    }

    Expression ParseParentheses(Token open)
    {
        if (SkipOperator(")"))
            return new ListDisplay(SequenceKind.Tuple, [], open.Line);
        Expression inside = TupleOrExpression();
        ExpectOperator(")");
        return inside;
    }

    (Expression, Expression) ParseEntry()
    {
        Expression key = ParseExpression();
        ExpectOperator(":");
        return (key, ParseExpression());
    }

    List<T> Separated<T>(string close, Func<T> item)
    {
        List<T> items = [];
        while (!IsOperator(close))
        {
            if (items.Count > 0)
                ExpectOperator(",");
            if (IsOperator(close))
                break;
            items.Add(item());
        }
        ExpectOperator(close);
        return items;
    }

    static Int Integer(Token token)
    {
        string text = token.Text;
        int numberBase = text.Length < 2 ? 10 : char.ToLowerInvariant(text[1]) switch { 'x' => 16, 'o' => 8, 'b' => 2, _ => 10 };
        return Numbers.ParseInteger(text, numberBase) is { } value ? new Int(value) : throw Error(token, $"invalid number '{text}'");
    }
}
