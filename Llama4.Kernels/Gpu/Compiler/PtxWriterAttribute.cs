namespace Llama4.Kernels.Gpu.Compiler;

/// <summary>
/// As <see cref="PtxAttribute"/>, for a text that depends on a type argument: <paramref name="method"/> names a static method of the same class,
/// from the intrinsic's type arguments to the text.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
sealed class PtxWriterAttribute(string method) : Attribute
{
    public string Method => method;
}
