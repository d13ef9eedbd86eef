namespace Llama4.Cli.Output;

/// <summary>Measurements of one rate.</summary>
internal sealed class Rates
{
    readonly List<double> values = [];

    public IReadOnlyList<double> Values => values;

    public int Count => values.Count;

    public double Mean => values.Average();

    /// <summary>Of the sample; 0 for a single measurement.</summary>
    public double Deviation => values.Count < 2 ? 0 : Math.Sqrt(values.Sum(value => (value - Mean) * (value - Mean)) / (values.Count - 1));

    public void Add(double rate) => values.Add(rate);
}
