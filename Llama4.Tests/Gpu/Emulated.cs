using System.Diagnostics;
using System.Reflection;

namespace Llama4.Tests.Gpu;

/// <summary>
/// Runs a check in a process of its own: ILGPU's emulated GPU, a thread of the system for each thread of a group, hangs on a divergent warp
/// operation and ends the process on an exception.
/// </summary>
static class Emulated
{
    static readonly TimeSpan limit = TimeSpan.FromMinutes(2);

    /// <param name="check">A static method that creates what it needs and asserts.</param>
    /// <param name="environment">Further variables of the process.</param>
    public static void Check(Action check, IReadOnlyDictionary<string, string>? environment = null)
    {
        string arguments = $"emulate {check.Method.DeclaringType!.FullName} {check.Method.Name}";
        var start = new ProcessStartInfo(Environment.ProcessPath!, arguments) { RedirectStandardError = true, RedirectStandardOutput = true };
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(limit))
        {
            process.Kill();
            Assert.Fail($"{arguments}: not done after {limit}");
        }
        Assert.True(process.ExitCode == 0, $"{arguments}: exit code {process.ExitCode}\n{output.Result}{errors.Result}");
    }

    /// <summary>The other side: what the process does.</summary>
    public static int Run(string type, string method)
    {
        const BindingFlags Any = BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public;
        typeof(Emulated).Assembly.GetType(type, throwOnError: true)!.GetMethod(method, Any)!.CreateDelegate<Action>()();
        return 0;
    }
}
