using System.Text.Json.Nodes;

namespace Llama4.Cli.Output;

/// <summary>Counts comparisons.</summary>
internal sealed class Tally
{
    public int Equal { get; private set; }

    public int Count { get; private set; }

    public double Share => (double)Equal / Count;

    public void Add(bool equal)
    {
        Count++;
        if (equal) Equal++;
    }

    /// <summary>The counts with the differences that were found.</summary>
    public JsonObject Json(JsonArray differences) => new() { ["equal"] = Equal, ["count"] = Count, ["differences"] = differences };

    public override string ToString() => $"{Equal} of {Count} equal";
}
