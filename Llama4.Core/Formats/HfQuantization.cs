namespace Llama4.Core.Formats;

/// <summary>
/// quantization_config of config.json: the FP8 layouts of specification 6.2 and 6.3 are accepted, everything else is refused by name.
/// Which tensors are quantised is decided tensor by tensor later.
/// </summary>
internal static class HfQuantization
{
    const string Supported = "supported: compressed-tensors with 8-bit float weights, one scale per channel, and fbgemm_fp8";

    /// <param name="root">The root of config.json.</param>
    public static void Check(JsonFields root)
    {
        if ((root.Object("quantization_config") ?? root.Object("compression_config")) is not { } c) return;
        string method = c.Text("quant_method") ?? "missing";
        if (method == "fbgemm_fp8") return;
        if (method != "compressed-tensors")
            throw new ModelFormatException(root.File, c.Place("quant_method"), $"is {method} ({Supported})");
        if (c.Text("format") is { } format and not ("float-quantized" or "naive-quantized"))
            throw new ModelFormatException(root.File, c.Place("format"), $"is {format} ({Supported})");
        if (c.Object("config_groups") is not { } groups) return;
        foreach (System.Text.Json.JsonProperty property in groups.Element.EnumerateObject())
            if (groups.Object(groups.ToName(property))?.Object("weights") is { } weights) CheckWeights(weights);
    }

    static void CheckWeights(JsonFields weights)
    {
        int bits = weights.Int("num_bits", 1, 64, 8);
        if (bits != 8) throw new ModelFormatException(weights.File, weights.Place("num_bits"), $"is {bits} ({Supported})");
        foreach ((string name, string expected) in (ReadOnlySpan<(string, string)>)[("type", "float"), ("strategy", "channel")])
            if (weights.Text(name) is { } found && found != expected)
                throw new ModelFormatException(weights.File, weights.Place(name), $"is {found} ({Supported})");
        if (!weights.Flag("symmetric", true))
            throw new ModelFormatException(weights.File, weights.Place("symmetric"), $"is false ({Supported})");
    }
}
