using Llama4.Tests.Fuzz;
using Xunit.MicrosoftTestingPlatform;
using Xunit.Runner.InProc.SystemConsole;

namespace Llama4.Tests;

/// <summary>The test program: runs the tests, as the entry point that xUnit would generate does, or a fuzz target.</summary>
static class Program
{
    static Task<int> Main(string[] args)
    {
        if (args is ["fuzz", ..]) return Task.FromResult(FuzzProgram.Run(args[1..], Console.Out));
        return args.Contains("--server") || args.Contains("--internal-msbuild-node")
            ? TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions)
            : ConsoleRunner.Run(args);
    }
}
