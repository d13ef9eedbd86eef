using Llama4.Kernels;

namespace Llama4.Core.Formats;

/// <summary>The tensors of a model by name, and which of them the model has asked for.</summary>
/// <param name="source">For messages: the file or folder.</param>
internal sealed class TensorTable(string source)
{
    readonly Dictionary<string, TensorInfo> tensors = [];
    readonly HashSet<string> used = [];

    public string Source => source;

    public IReadOnlyCollection<TensorInfo> All => tensors.Values;

    public void Add(TensorInfo tensor)
    {
        if (tensors.Count == Limits.Tensors)
            throw new ModelFormatException(tensor.File, tensor.Name, $"is more than {Limits.Tensors} tensors");
        if (tensors.TryAdd(tensor.Name, tensor)) return;
        string other = tensors[tensor.Name].File;
        throw new ModelFormatException(tensor.File, tensor.Name, other == tensor.File ? "is defined twice" : $"is defined in {other} too");
    }

    public bool Has(string name) => tensors.ContainsKey(name);

    public bool HasAny(string prefix) => tensors.Keys.Any(name => name.StartsWith(prefix, StringComparison.Ordinal));

    /// <summary>The tensor, without counting it as used.</summary>
    public TensorInfo Peek(string name) => tensors[name];

    public TensorInfo? Find(string name)
    {
        if (!tensors.TryGetValue(name, out TensorInfo? tensor)) return null;
        used.Add(name);
        return tensor;
    }

    public TensorInfo Get(string name) => Find(name) ?? throw new ModelFormatException(source, name, "this tensor is missing");

    /// <summary>The tensor, which must have these dimensions (outermost first).</summary>
    public TensorInfo Get(string name, params ReadOnlySpan<long> dimensions)
    {
        if (Find(name) is not { } tensor)
            throw new ModelFormatException(source, name, $"this tensor is missing, expected [{Join(dimensions)}]");
        CheckShape(tensor, dimensions);
        return tensor;
    }

    /// <summary>A matrix [outputs, inputs] of which only the inputs are known.</summary>
    public TensorInfo GetWithInputs(string name, long inputs)
    {
        TensorInfo tensor = Find(name) ?? throw new ModelFormatException(source, name, $"this tensor is missing, expected {inputs} inputs");
        long outputs = tensor.Dimensions.Count > 0 ? tensor.Dimensions[0] : 0;
        if (outputs is < 1 or > Limits.FeedForwardWidth)
            throw new ModelFormatException(tensor.File, name, $"has {outputs} outputs, expected 1 to {Limits.FeedForwardWidth}");
        CheckShape(tensor, outputs, inputs);
        return tensor;
    }

    public static void CheckShape(TensorInfo tensor, params ReadOnlySpan<long> dimensions)
    {
        bool same = tensor.Dimensions.Count == dimensions.Length;
        for (int i = 0; same && i < dimensions.Length; i++) same = tensor.Dimensions[i] == dimensions[i];
        if (!same)
            throw new ModelFormatException(tensor.File, tensor.Name,
                $"has the shape [{string.Join(", ", tensor.Dimensions)}], expected [{Join(dimensions)}]");
    }

    /// <summary>A tensor that nothing has asked for belongs to a variant that this engine would compute wrongly: refused by name.</summary>
    public void RefuseUnused()
    {
        string[] unused = [.. tensors.Keys.Where(name => !used.Contains(name)).Order(StringComparer.Ordinal)];
        if (unused.Length == 0) return;
        throw new ModelFormatException(tensors[unused[0]].File, unused[0],
            $"this tensor has no place in a Llama 4 model of this configuration ({unused.Length} such: {string.Join(", ", unused.Take(4))}"
            + $"{(unused.Length > 4 ? ", …" : "")}): the variant is not supported");
    }

    static string Join(ReadOnlySpan<long> numbers) => string.Join(", ", numbers.ToArray());
}
