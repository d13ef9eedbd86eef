using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Llama4.Cli.Machine;

/// <summary>The processor and the runtime on it.</summary>
internal static class Processor
{
    public static string Runtime => $"{RuntimeInformation.FrameworkDescription}, {RuntimeInformation.RuntimeIdentifier}";

    public static int Cores => Environment.ProcessorCount;

    /// <summary>The vector instructions that the runtime uses here, the narrowest first.</summary>
    public static IReadOnlyList<string> InstructionSets
    {
        get
        {
            (string Name, bool Has)[] known =
            [
                ("SSE4.2", Sse42.IsSupported), ("AVX", Avx.IsSupported), ("AVX2", Avx2.IsSupported), ("FMA", Fma.IsSupported),
                ("AVX-VNNI", AvxVnni.IsSupported), ("AVX-512", Avx512BW.IsSupported), ("AVX10.1", Avx10v1.IsSupported),
                ("AdvSimd", AdvSimd.IsSupported), ("dot product", Dp.IsSupported),
            ];
            string[] present = [.. known.Where(set => set.Has).Select(set => set.Name)];
            return present.Length > 0 ? present : ["no vector instructions"];
        }
    }

    /// <summary>The processor's name, where the system tells it.</summary>
    public static string Name
    {
        get
        {
            const string Table = "/proc/cpuinfo";
            if (OperatingSystem.IsLinux() && File.Exists(Table))
                foreach (string line in File.ReadLines(Table))
                    if (line.StartsWith("model name", StringComparison.Ordinal)) return line[(line.IndexOf(':') + 1)..].Trim();
            return Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") ?? RuntimeInformation.ProcessArchitecture.ToString();
        }
    }
}
