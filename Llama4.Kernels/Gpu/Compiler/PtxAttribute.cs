namespace Llama4.Kernels.Gpu.Compiler;

/// <summary>
/// The PTX of a method; its body is the same in C#, and runs where there is no PTX. In the text, @r is the result, @0, @1, … are the arguments;
/// a struct is written as a vector, {a, b, …}; #0, #1, … are arguments that must be constants, written as numbers.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
sealed class PtxAttribute(string text) : Attribute
{
    public string Text => text;
}
