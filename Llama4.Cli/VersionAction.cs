using System.CommandLine;
using System.CommandLine.Invocation;
using System.Reflection;
using Llama4.Cli.Interaction;
using Llama4.Cli.Machine;

namespace Llama4.Cli;

/// <summary>What --version prints: version, commit, and what this build can do on this machine.</summary>
internal sealed class VersionAction(Terminal terminal) : SynchronousCommandLineAction
{
    public override int Invoke(ParseResult parseResult)
    {
        string full = typeof(VersionAction).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
        string[] parts = full.Split('+');
        terminal.Out.WriteLine($"llama4 {parts[0]}");
        terminal.Out.WriteLine($"commit    {(parts.Length > 1 ? parts[1] : "unknown")}");
        terminal.Out.WriteLine($"runtime   {Processor.Runtime}");
        terminal.Out.WriteLine($"features  CPU ({string.Join(", ", Processor.InstructionSets)})");
        terminal.Out.WriteLine("models    GGUF, safetensors");
        terminal.Out.WriteLine("pictures  PNG, JPEG, BMP, GIF");
        return ExitCode.Ok;
    }
}
