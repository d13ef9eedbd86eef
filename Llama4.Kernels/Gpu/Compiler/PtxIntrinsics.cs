using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using ILGPU;
using ILGPU.Backends.PTX;
using ILGPU.IR;
using ILGPU.IR.Intrinsics;
using ILGPU.IR.Values;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Compiler;

/// <summary>Makes ILGPU write the text of <see cref="PtxAttribute"/> for calls of such methods, with their operands in registers.</summary>
static partial class PtxIntrinsics
{
    const BindingFlags Static = BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;

    static readonly Type[] own = [typeof(Arithmetic), typeof(Memory), typeof(SharedBytes), typeof(Lanes), typeof(TensorCore), typeof(Words)];

    /// <summary>Registers the instructions of this project, and those of further classes.</summary>
    public static Context.Builder Register(Context.Builder builder, params ReadOnlySpan<Type> others)
    {
        MethodInfo writer = typeof(PtxIntrinsics).GetMethod(nameof(Write), Static)!;
        foreach (Type type in (Type[])[.. own, .. others])
            foreach (MethodInfo method in type.GetMethods(Static).Where(m => m.IsDefined(typeof(IntrinsicImplementationAttribute))))
                IlgpuInternals.Intrinsics(builder).RegisterMethod(method, new PTXIntrinsic(writer, IntrinsicImplementationMode.GenerateCode));
        return builder;
    }

    static void Write(PTXBackend backend, PTXCodeGenerator generator, Value value)
    {
        var call = (MethodCall)value;
        // Arguments first: a result may not take the register of an argument that is still to be read.
        string text = Operand().Replace(TextOf((MethodInfo)call.Target.Source), operand => Argument(generator, call, operand.Value));
        if (text.Contains("@r", StringComparison.Ordinal)) text = text.Replace("@r", Vector(generator, generator.Allocate(value)));
        foreach (string line in text.Split('\n')) generator.Builder.Append('\t').AppendLine(line.Trim());
    }

    static string TextOf(MethodInfo method)
    {
        if (method.GetCustomAttribute<PtxAttribute>() is { } fixedText) return fixedText.Text;
        var written = method.GetCustomAttribute<PtxWriterAttribute>()
            ?? throw new InvalidOperationException($"{method.DeclaringType}.{method.Name} is an intrinsic without PTX: give it [Ptx] or [PtxWriter]");
        MethodInfo writer = method.DeclaringType!.GetMethod(written.Method, Static)!.MakeGenericMethod(method.GetGenericArguments());
        return (string)writer.Invoke(null, null)!;
    }

    static string Argument(PTXCodeGenerator generator, MethodCall call, string operand)
    {
        ValueReference argument = call.Nodes[int.Parse(operand.AsSpan(1), CultureInfo.InvariantCulture)];
        if (operand[0] == '@') return Vector(generator, generator.Load(argument));
        return generator.LoadPrimitive(argument) is PTXCodeGenerator.ConstantRegister constant
            ? constant.Value.RawValue.ToString(CultureInfo.InvariantCulture)
            : throw new InvalidOperationException($"{call.Target.Source.Name}: argument {operand[1..]} must be a constant");
    }

    static string Vector(PTXCodeGenerator generator, PTXCodeGenerator.Register register)
    {
        string[] names = [.. Flat(register).Select(r => "%" + PTXRegisterAllocator.GetStringRepresentation(generator.EnsureHardwareRegister(r)))];
        return register is PTXCodeGenerator.CompoundRegister ? $"{{{string.Join(", ", names)}}}" : names[0];
    }

    static IEnumerable<PTXCodeGenerator.PrimitiveRegister> Flat(PTXCodeGenerator.Register register) =>
        register is PTXCodeGenerator.CompoundRegister compound ? compound.Children.SelectMany(Flat) : [(PTXCodeGenerator.PrimitiveRegister)register];

    [GeneratedRegex(@"[@#]\d")]
    private static partial Regex Operand();
}
