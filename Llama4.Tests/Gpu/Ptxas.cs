using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Llama4.Tests.Gpu;

/// <summary>NVIDIA's assembler, when there is one: named by the variable PTXAS, or on the path.</summary>
static partial class Ptxas
{
    static readonly string? program = Find();

    /// <summary>Skips the test, visibly, without an assembler.</summary>
    public static void Require() => Assert.SkipWhen(program is null, "no ptxas: set PTXAS to the one of CUDA 12.4 or newer, or put it on the path");

    /// <summary>Assembles for sm_90a: no error, no spill, no stack frame, no warning such as C7510 about serialized wgmma.</summary>
    public static void Check(string name, string text)
    {
        Require();
        string report = Assemble(text, out int exitCode);
        Assert.True(exitCode == 0, $"{name}: {report}\n{text}");
        Assert.False(Warning().IsMatch(report), $"{name}: {report}");
        MatchCollection frames = Frame().Matches(report);
        Assert.NotEmpty(frames);
        Assert.All(frames, frame => Assert.True(frame.Value is "0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads", $"{name}: {frame.Value}"));
    }

    static string Assemble(string text, out int exitCode)
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, text);
            var start = new ProcessStartInfo(program!) { RedirectStandardError = true, RedirectStandardOutput = true };
            foreach (string argument in (string[])["-v", "-arch=sm_90a", file, "-o", "/dev/null"]) start.ArgumentList.Add(argument);
            using Process process = Process.Start(start)!;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            exitCode = process.ExitCode;
            return output + errors.Result;
        }
        finally
        {
            File.Delete(file);
        }
    }

    static string? Find()
    {
        if (Environment.GetEnvironmentVariable("PTXAS") is { Length: > 0 } named)
            return File.Exists(named) ? named : throw new FileNotFoundException("PTXAS names no file", named);
        return (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Select(folder => Path.Combine(folder, "ptxas")).FirstOrDefault(File.Exists);
    }

    [GeneratedRegex(@"\bC75\d\d\b|\bwarning\b", RegexOptions.IgnoreCase)]
    private static partial Regex Warning();

    [GeneratedRegex(@"\d+ bytes stack frame, \d+ bytes spill stores, \d+ bytes spill loads")]
    private static partial Regex Frame();
}
