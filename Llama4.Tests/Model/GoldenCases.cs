using System.Text.Json;

namespace Llama4.Tests.Model;

/// <summary>Prompts and continuations of Data/hf/MODEL/cases.json.</summary>
static class GoldenCases
{
    public static JsonElement Read(params ReadOnlySpan<string> parts)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(TestData.Path(parts)));
        return document.RootElement.Clone();
    }

    public static int[] Ids(this JsonElement element, string name) => [.. element.GetProperty(name).EnumerateArray().Select(e => e.GetInt32())];

    /// <summary>Relative RMS error of each row.</summary>
    public static double[] RowErrors(float[] got, float[] expected, int columns)
    {
        Assert.Equal(expected.Length, got.Length);
        return [.. Enumerable.Range(0, expected.Length / columns).Select(r =>
            Tolerance.RelativeRms(got.AsSpan(r * columns, columns), expected.AsSpan(r * columns, columns)))];
    }

    public static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);

    /// <summary>Share of rows with the same largest logit.</summary>
    public static double EqualArgMax(float[] got, float[] expected, int columns)
    {
        int rows = expected.Length / columns;
        return Enumerable.Range(0, rows).Count(r => ModelRun.ArgMax(got.AsSpan(r * columns, columns)) == ModelRun.ArgMax(expected.AsSpan(r * columns, columns)))
            / (double)rows;
    }
}
