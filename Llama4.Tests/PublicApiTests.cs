using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;
using Llama4.Kernels;

namespace Llama4.Tests;

/// <summary>The public surface is a reviewed list: PublicApi.txt.</summary>
public sealed class PublicApiTests
{
    const string Update = "LLAMA4_UPDATE_PUBLIC_API";
    const string List = "Llama4.Tests/PublicApi.txt";

    const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    static readonly Dictionary<Type, string> keywords = new()
    {
        [typeof(void)] = "void", [typeof(bool)] = "bool", [typeof(byte)] = "byte", [typeof(short)] = "short", [typeof(ushort)] = "ushort", [typeof(int)] = "int",
        [typeof(uint)] = "uint", [typeof(long)] = "long", [typeof(ulong)] = "ulong", [typeof(float)] = "float", [typeof(double)] = "double",
        [typeof(string)] = "string", [typeof(object)] = "object", [typeof(char)] = "char",
    };

    [Fact]
    public void The_public_surface_is_the_reviewed_one()
    {
        string actual = Describe(typeof(Device).Assembly, typeof(Core.InvalidRequestException).Assembly);
        string path = Path.Combine(SourceTree.Root, List);
        if (Environment.GetEnvironmentVariable(Update) == "1") File.WriteAllText(path, actual);
        string expected = File.Exists(path) ? SourceTree.Read(List).ReplaceLineEndings("\n") : "";
        string[] added = [.. actual.Split('\n').Except(expected.Split('\n'))], gone = [.. expected.Split('\n').Except(actual.Split('\n'))];
        Assert.True(actual == expected,
            $"{List} does not match. New: {string.Join("; ", added)}. Gone: {string.Join("; ", gone)}. If this is meant, run this test with {Update}=1 and review the difference.");
    }

    static string Describe(params Assembly[] assemblies)
    {
        var text = new StringBuilder();
        foreach (Assembly assembly in assemblies)
            foreach (Type type in assembly.GetExportedTypes().OrderBy(t => t.FullName, StringComparer.Ordinal))
            {
                text.Append(Kind(type)).Append(' ').Append(type.Namespace).Append('.').Append(Name(type)).Append(Bases(type)).Append('\n');
                foreach (string line in Members(type).Order(StringComparer.Ordinal)) text.Append("    ").Append(line).Append('\n');
            }
        return text.ToString();
    }

    static IEnumerable<string> Members(Type type)
    {
        if (type.IsEnum) return Enum.GetNames(type).Select(name => $"{name} = {Convert.ToInt64(Enum.Parse(type, name))}");
        if (typeof(Delegate).IsAssignableFrom(type)) return [Signature(type.GetMethod("Invoke")!)];
        return type.GetMembers(Declared).Where(IsVisible).Select(Describe).OfType<string>();
    }

    static string? Describe(MemberInfo member) => member switch
    {
        ConstructorInfo c => $"{Name(c.DeclaringType!)}({Parameters(c)})",
        MethodInfo { IsSpecialName: false } m => Signature(m),
        PropertyInfo p => $"{Modifiers((p.GetMethod ?? p.SetMethod)!)}{Name(p.PropertyType)} {p.Name}{Index(p)} {{ {Accessors(p)}}}",
        FieldInfo f => $"{(f.IsLiteral ? "const " : f.IsStatic ? "static " : "")}{Name(f.FieldType)} {f.Name}",
        EventInfo e => $"event {Name(e.EventHandlerType!)} {e.Name}",
        _ => null,
    };

    static bool IsVisible(MemberInfo member) => member switch
    {
        MethodBase m => (m.IsPublic || m.IsFamily || m.IsFamilyOrAssembly) && !m.IsDefined(typeof(CompilerGeneratedAttribute)) && !IsOverride(m),
        PropertyInfo p => p.GetAccessors(true).Any(a => (a.IsPublic || a.IsFamily) && !IsOverride(a)) && p.Name != "EqualityContract",
        FieldInfo f => f.IsPublic || f.IsFamily,
        EventInfo e => e.AddMethod!.IsPublic,
        _ => false,
    };

    // An override adds nothing to what the base declares.
    static bool IsOverride(MethodBase method) => method is MethodInfo m && m.GetBaseDefinition() != m;

    static string Kind(Type type) =>
        type.IsEnum ? "enum" : typeof(Delegate).IsAssignableFrom(type) ? "delegate" : type.IsInterface ? "interface"
        : type.IsValueType ? "struct" : type.IsAbstract && type.IsSealed ? "static class" : type.IsAbstract ? "abstract class" : type.IsSealed ? "sealed class" : "class";

    static string Bases(Type type)
    {
        if (type.IsEnum || type.IsValueType || typeof(Delegate).IsAssignableFrom(type)) return "";
        IEnumerable<Type> bases = type.GetInterfaces().Except(type.BaseType?.GetInterfaces() ?? []).Where(i => !i.Name.StartsWith("IEquatable")).OrderBy(i => i.Name, StringComparer.Ordinal);
        if (type.BaseType is Type parent && parent != typeof(object)) bases = bases.Prepend(parent);
        string list = string.Join(", ", bases.Select(Name));
        return list.Length == 0 ? "" : " : " + list;
    }

    static string Signature(MethodInfo method)
    {
        string generic = method.IsGenericMethodDefinition ? $"<{string.Join(", ", method.GetGenericArguments().Select(a => a.Name))}>" : "";
        return $"{Modifiers(method)}{Name(method.ReturnType)} {method.Name}{generic}({Parameters(method)})";
    }

    static string Modifiers(MethodInfo method) =>
        (method.IsFamily || method.IsFamilyOrAssembly ? "protected " : "") + (method.IsStatic ? "static " : "")
        + (method.IsAbstract ? "abstract " : method.IsVirtual && !method.IsFinal && !method.DeclaringType!.IsSealed ? "virtual " : "");

    static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(Parameter));

    static string Parameter(ParameterInfo p)
    {
        string passing = p.IsOut ? "out " : p.IsIn ? "in " : p.ParameterType.IsByRef ? "ref " : p.IsDefined(typeof(ParamArrayAttribute)) || p.IsDefined(typeof(ParamCollectionAttribute)) ? "params " : "";
        return passing + Name(p.ParameterType) + " " + p.Name + (p.HasDefaultValue ? $" = {p.DefaultValue ?? (p.ParameterType.IsValueType ? "default" : "null")}" : "");
    }

    static string Index(PropertyInfo property) =>
        property.GetIndexParameters() is { Length: > 0 } parameters ? $"[{string.Join(", ", parameters.Select(Parameter))}]" : "";

    static string Accessors(PropertyInfo property)
    {
        string get = property.GetMethod is { IsPublic: true } or { IsFamily: true } ? "get; " : "";
        if (property.SetMethod is not { } set || !(set.IsPublic || set.IsFamily)) return get;
        return get + (set.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) ? "init; " : "set; ");
    }

    static string Name(Type type)
    {
        if (type.IsByRef) return Name(type.GetElementType()!);
        if (type.IsArray) return Name(type.GetElementType()!) + "[]";
        if (Nullable.GetUnderlyingType(type) is Type underlying) return Name(underlying) + "?";
        if (keywords.TryGetValue(type, out string? keyword)) return keyword;
        string name = type.IsNested && !type.IsGenericParameter ? $"{Name(type.DeclaringType!)}.{type.Name}" : type.Name;
        int tick = name.IndexOf('`');
        return tick < 0 ? name : $"{name[..tick]}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>";
    }
}
