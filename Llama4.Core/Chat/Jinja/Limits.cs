namespace Llama4.Core.Chat.Jinja;

/// <summary>What a template from a model file may use.</summary>
static class Limits
{
    /// <summary>Characters of a template.</summary>
    public const int SourceLength = 1 << 20;

    /// <summary>Characters of any text, the output included.</summary>
    public const int TextLength = 4 << 20;

    /// <summary>Nodes evaluated, loop rounds, items made; 64 characters copied or searched count as one.</summary>
    public const int Steps = 1_000_000;

    /// <summary>Elements of a list, a dict or a range.</summary>
    public const int Items = 100_000;

    /// <summary>Blocks, brackets and operators inside each other in the source; lists and dicts inside each other in a value.</summary>
    public const int Nesting = 100;

    /// <summary>Nodes on the way from the root of the tree to the one evaluated, macro calls included.</summary>
    public const int Walk = 500;

    /// <summary>Size of a whole number.</summary>
    public const int IntegerBits = 4096;
}
