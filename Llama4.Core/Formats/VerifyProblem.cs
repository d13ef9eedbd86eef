namespace Llama4.Core.Formats;

/// <summary>A tensor with numbers that are not finite: values themselves, or blocks whose scale is not.</summary>
/// <param name="NotFinite">How many numbers.</param>
/// <param name="FirstIndex">Index of the first of them in the tensor.</param>
public sealed record VerifyProblem(string File, string Tensor, long NotFinite, long FirstIndex);
