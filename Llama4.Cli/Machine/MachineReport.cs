using System.Runtime.InteropServices;
using Llama4.Cli.Output;
using Llama4.Kernels.Cpu;

namespace Llama4.Cli.Machine;

/// <summary>The facts about this machine that matter for running a model.</summary>
internal static class MachineReport
{
    public static IReadOnlyList<Finding> Read() =>
    [
        new("runtime", Processor.Runtime),
        new("system", RuntimeInformation.OSDescription),
        new("processor", Processor.Name),
        Cores(),
        Vectors(),
        .. CpuPath.All.Select(path => new Finding($"path {path.Name}", path.Reason)),
        new("memory", $"{Units.Bytes(Memory.Available)} free of {Units.Bytes(Memory.Total)}"),
        .. HugePages(),
        .. Limits(),
        Driver(),
    ];

    static Finding Cores()
    {
        int possible = OperatingSystem.IsLinux() ? LinuxFiles.PossibleProcessors() : Processor.Cores;
        return new("cores", possible > Processor.Cores ? $"{Processor.Cores} of {possible} for this process" : $"{Processor.Cores}");
    }

    static Finding Vectors()
    {
        string sets = string.Join(", ", Processor.InstructionSets);
        string? switchedOff = new[] { "DOTNET_EnableAVX2", "DOTNET_EnableAVX512", "DOTNET_EnableHWIntrinsic" }
            .FirstOrDefault(name => Environment.GetEnvironmentVariable(name) == "0");
        return new("vectors", sets, switchedOff is null ? null : $"{switchedOff}=0 switches instructions off");
    }

    static IEnumerable<Finding> HugePages()
    {
        const string Mode = "/sys/kernel/mm/transparent_hugepage/enabled";
        if (LinuxFiles.FirstLine(Mode) is not string modes) yield break;
        // The mode in force stands in brackets: always [madvise] never.
        int open = modes.IndexOf('['), close = modes.IndexOf(']');
        string mode = open >= 0 && close > open ? modes[(open + 1)..close] : modes;
        yield return new("huge pages", mode, mode == "never" ? $"reading weights is faster with them: echo madvise | sudo tee {Mode}" : null);
    }

    static IEnumerable<Finding> Limits()
    {
        foreach ((string limit, string name, bool isBytes) in new[]
        {
            ("Max address space", "limit of address space", true), ("Max resident set", "limit of memory", true),
            ("Max locked memory", "limit of locked memory", true), ("Max open files", "limit of open files", false),
            ("Max processes", "limit of threads", false),
        })
            if (LinuxFiles.SoftLimit(limit) is string value)
            {
                string text = isBytes && long.TryParse(value, out long bytes) ? Units.Bytes(bytes) : value;
                bool isTight = limit == "Max address space" && value != "unlimited";
                yield return new(name, text, isTight ? "weights are mapped into it: ulimit -v unlimited" : null);
            }
    }

    /// <summary>Looks for the graphics driver's file; nothing is loaded.</summary>
    static Finding Driver()
    {
        string? version = LinuxFiles.FirstLine("/proc/driver/nvidia/version");
        string[] folders = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib/wsl/lib"];
        string[] places = OperatingSystem.IsWindows()
            ? [Path.Combine(Environment.SystemDirectory, "nvcuda.dll")]
            : [.. folders.Select(folder => Path.Combine(folder, "libcuda.so.1"))];
        string? file = places.FirstOrDefault(File.Exists);
        string found = (version, file) switch
        {
            (not null, _) => version.Trim(),
            (_, not null) => file,
            _ => "none found",
        };
        return new("CUDA driver", found, found == "none found" ? null : "--device cuda computes on the GPU");
    }
}
