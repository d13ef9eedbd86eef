using System.Text;
using System.Text.RegularExpressions;

namespace Llama4.Kernels.Gpu.Compiler;

/// <summary>Corrects the PTX text of ILGPU 1.5.3 before the driver compiles it.</summary>
static partial class PtxPatcher
{
    // The swizzles of tensor core tiles repeat after 1024 bytes.
    const int SharedAlignment = 1024;

    /// <param name="text">What ILGPU wrote.</param>
    /// <param name="target">Architecture to compile for, such as sm_90a; ILGPU writes at most sm_80.</param>
    public static string Patch(string text, string target)
    {
        text = Target().Replace(text, $".target {target}", 1);
        // ILGPU calls a branch uniform when it is not (Uniforms.cs joins "unknown" and "uniform" to "uniform"); ptxas then
        // removes shuffles behind it. Without the mark ptxas finds out by itself.
        text = Uniform().Replace(text, "$1");
        text = DynamicShared().Replace(text, $"${{1}}{SharedAlignment}$2");
        var patched = new StringBuilder(text.Length);
        int done = 0;
        for (int start; (start = text.IndexOf("\n{", done, StringComparison.Ordinal)) >= 0;)
        {
            // A function's body stands between braces in the first column.
            int end = text.IndexOf("\n}", start, StringComparison.Ordinal);
            if (end < 0) break;
            patched.Append(text, done, start - done).Append(LocalSlots.ToRegisters(text[start..end]));
            done = end;
        }
        return patched.Append(text, done, text.Length - done).ToString();
    }

    [GeneratedRegex(@"^\.target\s+sm_\w+", RegexOptions.Multiline)]
    private static partial Regex Target();

    [GeneratedRegex(@"\b(bra|brx\.idx)\.uni\b")]
    private static partial Regex Uniform();

    [GeneratedRegex(@"^(\.extern \.shared \.align )\d+( \.b8 __dyn_shared_alloca)", RegexOptions.Multiline)]
    private static partial Regex DynamicShared();
}
