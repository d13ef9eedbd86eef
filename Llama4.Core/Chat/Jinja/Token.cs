namespace Llama4.Core.Chat.Jinja;

enum TokenKind { Data, BlockBegin, BlockEnd, PrintBegin, PrintEnd, Name, String, Integer, Float, Operator, End }

/// <param name="Text">What a string or a piece of data means; of other kinds, what is written.</param>
readonly record struct Token(TokenKind Kind, string Text, int Line);
