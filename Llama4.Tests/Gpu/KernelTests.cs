using System.Collections.Concurrent;
using System.Reflection;
using Llama4.Kernels;
using Llama4.Kernels.Formats;
using Llama4.Kernels.Gpu;
using Llama4.Kernels.Gpu.Compiler;
using Llama4.Kernels.Gpu.Heads;
using Llama4.Kernels.Gpu.Instructions;
using Encoding = Llama4.Kernels.Encoding;

namespace Llama4.Tests.Gpu;

/// <summary>Every kernel in every specialisation, without a GPU.</summary>
public sealed class KernelTests
{
    static readonly Type[] kernels = [.. typeof(IKernel).Assembly.GetTypes().Where(t => t.IsValueType && typeof(IKernel).IsAssignableFrom(t))];

    static readonly Type[] entries = [typeof(F32Entry), typeof(F16Entry), typeof(BF16Entry), typeof(Q8Entry)];
    static readonly Type[] fragments = [typeof(BFloatFragments), typeof(HalfFragments), typeof(ByteFragments)];

    public static TheoryData<string> Names => [.. kernels.Select(k => k.Name).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_specialisation_compiles_to_good_text(string name)
    {
        Emulated.SkipWithoutVectors();
        foreach ((Type kernel, string text) in Texts(name)) PtxChecker.Check(kernel.ToString(), text, ProductKernels.Promised(kernel));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_specialisation_assembles_without_spills(string name)
    {
        Ptxas.Require();
        foreach ((Type kernel, string text) in Texts(name)) Ptxas.Check(kernel.ToString(), text);
    }

    // Compiling takes longer than all that is done with the text.
    static readonly ConcurrentDictionary<string, Lazy<(Type Kernel, string Text)[]>> texts = [];

    static (Type Kernel, string Text)[] Texts(string name) => texts.GetOrAdd(name, _ => new(() =>
    {
        using var compiler = new KernelCompiler();
        return [.. Closed(name).Select(kernel => (kernel, compiler.Compile(KernelEntry.Of(kernel), GpuDevice.GroupThreads, Groups(kernel))))];
    })).Value;

    static int Groups(Type kernel) => (int)typeof(KernelTests).GetMethod(nameof(GroupsOf), BindingFlags.Static | BindingFlags.NonPublic)!.MakeGenericMethod(kernel).Invoke(null, null)!;

    static int GroupsOf<TKernel>()
        where TKernel : unmanaged, IKernel => TKernel.Groups;

    /// <summary>ILGPU lays structures out by its own rules and ignores Pack: a block must come out as the file has it.</summary>
    [Fact]
    public void Blocks_have_no_gaps()
    {
        using var compiler = new KernelCompiler();
        foreach (Encoding encoding in Enum.GetValues<Encoding>().Where(e => e is not (Encoding.I32 or Encoding.I64)))
        {
            Type[] format = FormatSwitch.Call<FormatTypes, Type[]>(encoding, default);
            string text = compiler.Compile(KernelEntry.Of(typeof(SizeKernel<>).MakeGenericType(format[1])), 32);
            Assert.Matches($@"(, {encoding.BlockBytes()};)", text);
            Assert.DoesNotContain($", {encoding.BlockBytes() + 1};", text);
        }
    }

    readonly struct SizeKernel<T>(long y) : IKernel
        where T : unmanaged
    {
        public void Run() => Memory.Store(y, ILGPU.Interop.SizeOf<T>());
    }

    internal static IEnumerable<Type> Closed(string name)
    {
        Type kernel = kernels.Single(k => k.Name == name);
        if (!kernel.IsGenericTypeDefinition) return [kernel];
        if (ProductKernels.Closed(kernel) is { } products) return products;
        if (kernel.GetGenericArguments()[0].Name == "TEntry") return entries.Select(e => kernel.MakeGenericType(e));
        if (kernel.GetGenericArguments()[0].Name == "TFragments")
            return fragments.SelectMany(f => new[] { typeof(Width64), typeof(Width128) }.Select(w => kernel.MakeGenericType(f, w)));
        if (kernel.GetGenericArguments()[0].Name == "TWidth")
            return new[] { typeof(Width64), typeof(Width96), typeof(Width128) }.Select(w => kernel.MakeGenericType(w));
        return Formats.Select(format => kernel.MakeGenericType(format));
    }

    /// <summary>Format and block of each encoding of weights.</summary>
    public static IEnumerable<Type[]> Formats =>
        Enum.GetValues<Encoding>().Where(e => e is not (Encoding.I32 or Encoding.I64)).Select(e => FormatSwitch.Call<FormatTypes, Type[]>(e, default));

    readonly struct FormatTypes : IFormatAction<Type[]>
    {
        public Type[] Float<TFormat, TBlock>()
            where TFormat : struct, IFloatFormat<TBlock>
            where TBlock : unmanaged => [typeof(TFormat), typeof(TBlock)];

        public Type[] Quantised<TFormat, TBlock>()
            where TFormat : struct, IQuantisedFormat<TBlock>
            where TBlock : unmanaged => [typeof(TFormat), typeof(TBlock)];
    }
}
