using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using Llama4.Kernels.Cpu.Paths;

namespace Llama4.Kernels.Cpu;

/// <summary>
/// The instructions that multiply weights. All paths give the same bits; <see cref="All"/> has the fastest first.
/// </summary>
public sealed class CpuPath
{
    /// <summary>The name that stands for the first path that this processor has.</summary>
    public const string Auto = "auto";

    // Some processors slow down with 512 bits: then the runtime does not count them as accelerated.
    static readonly bool hasWide = Avx512BW.IsSupported && Vector512.IsHardwareAccelerated;

    readonly Lazy<MatMulKernel?[]> bytes, floats, inputMajor;

    CpuPath(string name, string needs, bool isSupported, Func<MatMulKernel?[]> bytes, Func<MatMulKernel?[]> floats, Func<MatMulKernel?[]> inputMajor)
    {
        (Name, Needs, IsSupported) = (name, needs, isSupported);
        (this.bytes, this.floats, this.inputMajor) = (new(bytes), new(floats), new(inputMajor));
    }

    /// <summary>Every path, in the order of preference.</summary>
    public static IReadOnlyList<CpuPath> All { get; } =
    [
        // One instruction on 256 bits instead of three on 512. Floats are multiplied with 512 where that is possible.
        hasWide ? With<TwoVectors<AvxVnniProducts>, WideFloatTile, WideFloatPair>("avxvnni", "AVX-VNNI", AvxVnni.IsSupported)
            : With<TwoVectors<AvxVnniProducts>, FloatTile, FloatPair>("avxvnni", "AVX-VNNI", AvxVnni.IsSupported),
        With<WideVector, WideFloatTile, WideFloatPair>("avx512", "AVX-512 BW at full speed", hasWide),
        With<TwoVectors<Avx2Products>, FloatTile, FloatPair>("avx2", "AVX2", Avx2.IsSupported),
        With<FourVectors<DotProducts>, FloatTile, FloatPair>("advsimd-dot", "AdvSIMD with dot products", Dp.IsSupported),
        With<FourVectors<AdvSimdProducts>, FloatTile, FloatPair>("advsimd", "AdvSIMD", AdvSimd.Arm64.IsSupported),
        With<FourVectors<PortableProducts>, FloatTile, FloatPair>("portable", "nothing in particular", true),
    ];

    public string Name { get; }

    /// <summary>Instructions it cannot do without.</summary>
    internal string Needs { get; }

    /// <summary>Whether this process can use it.</summary>
    public bool IsSupported { get; }

    /// <summary>Why it is or is not what <see cref="Auto"/> takes.</summary>
    public string Reason
    {
        get
        {
            CpuPath first = All.First(path => path.IsSupported);
            return !IsSupported ? $"not possible: {Missing}" : this == first ? "taken: the first that this processor has" : $"possible, but {first.Name} comes first";
        }
    }

    string Missing => $"this processor has no {Needs}, or a setting of .NET hides it";

    /// <summary>The path that a name stands for.</summary>
    /// <exception cref="ArgumentException">There is none of that name, or this processor does not have it.</exception>
    internal static CpuPath Of(string name) => Problem(name) is string problem
        ? throw new ArgumentException(problem, nameof(name))
        : All.First(path => path.IsSupported && (name == Auto || path.Name == name));

    /// <summary>Why <see cref="CpuOptions.Path"/> cannot have this name: what was found and what is possible. Null where it can.</summary>
    public static string? Problem(string name)
    {
        if (name == Auto) return null;
        string possible = string.Join(", ", All.Where(path => path.IsSupported).Select(path => path.Name));
        return All.FirstOrDefault(path => path.Name == name) is not CpuPath found
            ? $"there is no '{name}', expected {Auto} or one of {string.Join(", ", All.Select(path => path.Name))} (possible here: {possible})"
            : found.IsSupported ? null : $"'{name}' is not possible: {found.Missing}; expected {Auto} or one of {possible}";
    }

    /// <summary>By encoding; null for what is no number format.</summary>
    internal MatMulKernel?[] Kernels(ActivationPrecision activations) => (activations == ActivationPrecision.Int8 ? bytes : floats).Value;

    /// <summary>By encoding, for input-major weights.</summary>
    internal MatMulKernel?[] InputMajorKernels => inputMajor.Value;

    static CpuPath With<TOutputs, TTile, TPair>(string name, string needs, bool isSupported)
        where TOutputs : struct, IOutputs<TOutputs>
        where TTile : struct, IFloatTile
        where TPair : struct, IFloatPair<TPair> =>
        new(name, needs, isSupported, MatMulKernel.OfBytes<TOutputs, TTile>, MatMulKernel.OfFloats<TTile>, MatMulKernel.OfInputMajor<TPair>);

    public override string ToString() => $"{Name}: {Reason}";
}
