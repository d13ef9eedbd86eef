namespace Llama4.Core.Chat.Jinja;

/// <summary>A part of a parsed template.</summary>
/// <param name="Line">In the source, from 1.</param>
abstract record Node(int Line);

abstract record Expression(int Line) : Node(Line);

sealed record Literal(Value Value, int Line) : Expression(Line);

sealed record Name(string Identifier, int Line) : Expression(Line);

/// <param name="Kind">List or Tuple.</param>
sealed record ListDisplay(SequenceKind Kind, IReadOnlyList<Expression> Items, int Line) : Expression(Line);

sealed record DictDisplay(IReadOnlyList<(Expression Key, Expression Value)> Entries, int Line) : Expression(Line);

/// <param name="Operator">+ or - or not.</param>
sealed record Unary(string Operator, Expression Operand, int Line) : Expression(Line);

/// <summary>Operators of one precedence, from left to right: a + b - c.</summary>
sealed record Arithmetic(Expression First, IReadOnlyList<(string Operator, Expression Operand)> Rest, int Line) : Expression(Line);

/// <summary>a &lt; b == c: all must hold.</summary>
sealed record Comparison(Expression First, IReadOnlyList<(string Operator, Expression Operand)> Rest, int Line) : Expression(Line);

sealed record Concatenation(IReadOnlyList<Expression> Operands, int Line) : Expression(Line);

/// <summary>"and" or "or": the first operand that decides.</summary>
sealed record Logic(bool IsAnd, IReadOnlyList<Expression> Operands, int Line) : Expression(Line);

/// <summary>then if test else otherwise.</summary>
sealed record Conditional(Expression Test, Expression Then, Expression? Otherwise, int Line) : Expression(Line);

sealed record AttributeOf(Expression Target, string Attribute, int Line) : Expression(Line);

sealed record SubscriptOf(Expression Target, Expression Key, int Line) : Expression(Line);

sealed record SliceOf(Expression Target, Expression? Start, Expression? Stop, Expression? Step, int Line) : Expression(Line);

sealed record ArgumentList(IReadOnlyList<Expression> Positional, IReadOnlyList<(string Name, Expression Value)> Named);

sealed record Call(Expression Target, ArgumentList Arguments, int Line) : Expression(Line);

/// <param name="Target">Null for the body of a filter block.</param>
sealed record FilterOf(Expression? Target, string Filter, ArgumentList Arguments, int Line) : Expression(Line);

sealed record TestOf(Expression Target, string Test, ArgumentList Arguments, bool Negated, int Line) : Expression(Line);

/// <summary>What can stand to the left of "=": a name, an attribute of a namespace, or a tuple of targets.</summary>
abstract record Target(int Line) : Node(Line);

sealed record NameTarget(string Name, int Line) : Target(Line);

sealed record NamespaceTarget(string Namespace, string Attribute, int Line) : Target(Line);

sealed record TupleTarget(IReadOnlyList<Target> Items, int Line) : Target(Line);

abstract record Statement(int Line) : Node(Line);

sealed record Data(Text Text, int Line) : Statement(Line);

sealed record Output(Expression Value, int Line) : Statement(Line);

sealed record If(IReadOnlyList<(Expression Test, IReadOnlyList<Statement> Body)> Branches, IReadOnlyList<Statement> Otherwise, int Line)
    : Statement(Line);

sealed record For(
    Target Target, Expression Items, Expression? Filter, IReadOnlyList<Statement> Body, IReadOnlyList<Statement> Otherwise, int Line)
    : Statement(Line);

sealed record Break(int Line) : Statement(Line);

sealed record Continue(int Line) : Statement(Line);

sealed record Set(Target Target, Expression Value, int Line) : Statement(Line);

/// <param name="Filter">Applied to the text of the body; null for none.</param>
sealed record SetBlock(Target Target, FilterOf? Filter, IReadOnlyList<Statement> Body, int Line) : Statement(Line);

sealed record With(IReadOnlyList<(Target Target, Expression Value)> Variables, IReadOnlyList<Statement> Body, int Line) : Statement(Line);

sealed record FilterBlock(FilterOf Filter, IReadOnlyList<Statement> Body, int Line) : Statement(Line);

/// <param name="Parameters">With their defaults; null for none.</param>
sealed record Macro(
    string Name, IReadOnlyList<(string Name, Expression? Default)> Parameters, IReadOnlyList<Statement> Body, int Line) : Statement(Line);

/// <summary>Statements without a scope of their own: the body of a "generation" tag.</summary>
sealed record Group(IReadOnlyList<Statement> Body, int Line) : Statement(Line);
