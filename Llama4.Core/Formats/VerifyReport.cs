namespace Llama4.Core.Formats;

/// <summary>What reading every number of a model found.</summary>
/// <param name="Problems">Tensors with numbers that are not finite; empty: none.</param>
/// <param name="Hashes">SHA-256 of each file in hexadecimal, by path; empty unless asked for.</param>
public sealed record VerifyReport(IReadOnlyList<VerifyProblem> Problems, IReadOnlyDictionary<string, string> Hashes);
