using System.Text.RegularExpressions;

namespace Llama4.Tests.Gpu;

/// <summary>What must hold for the text of every kernel, seen without a GPU.</summary>
static partial class PtxChecker
{
    /// <param name="promised">Instructions that must be there.</param>
    public static void Check(string name, string text, params ReadOnlySpan<string> promised)
    {
        Assert.True(text.Contains("\n.target sm_90a", StringComparison.Ordinal), $"{name}: not for sm_90a");
        Refuse(name, text, Uniform(), "a branch marked uniform, which ILGPU does to divergent ones");
        Refuse(name, text, Local(), "local memory");
        Refuse(name, text, Call(), "a call: not everything was inlined");
        foreach (string instruction in promised)
            Assert.True(text.Contains(instruction, StringComparison.Ordinal), $"{name}: promised {instruction} is missing\n{text}");
    }

    static void Refuse(string name, string text, Regex pattern, string what)
    {
        if (pattern.Match(text) is { Success: true } match) Assert.Fail($"{name}: {what}: {match.Value.Trim()}\n{text}");
    }

    [GeneratedRegex(@"^.*\b(bra|brx\.idx)\.uni\b.*$", RegexOptions.Multiline)]
    private static partial Regex Uniform();

    [GeneratedRegex(@"^.*(\.local\b|__local_depot).*$", RegexOptions.Multiline)]
    private static partial Regex Local();

    [GeneratedRegex(@"^.*\bcall(\.uni)?\s.*$", RegexOptions.Multiline)]
    private static partial Regex Call();
}
