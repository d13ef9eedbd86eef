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

    public override string ToString() => $"{Equal} of {Count} equal";
}
