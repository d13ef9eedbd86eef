using Llama4.Tests.Fuzz;
using Llama4.Tests.Gpu;
using Xunit.MicrosoftTestingPlatform;
using Xunit.Runner.InProc.SystemConsole;

namespace Llama4.Tests;

/// <summary>The test program: runs the tests, as the entry point that xUnit would generate does, a fuzz target, or a check on an emulated GPU.</summary>
static class Program
{
    static Task<int> Main(string[] args)
    {
        if (args is ["fuzz", ..]) return Task.FromResult(FuzzProgram.Run(args[1..], Console.Out));
        if (args is ["emulate"]) return Task.FromResult(Emulated.Serve());
        return args.Contains("--server") || args.Contains("--internal-msbuild-node")
            ? TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions)
            : ConsoleRunner.Run(args);
    }
}
