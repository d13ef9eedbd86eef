namespace Llama4.Core.Formats;

/// <summary>What a weight belongs to, and so where it has to be.</summary>
/// <param name="Layer">Of the decoder; the first one's for the embedding, the last one's for the output; -1: the vision part.</param>
/// <param name="IsExpert">Routed experts and their router.</param>
internal readonly record struct WeightPlace(int Layer, bool IsExpert = false)
{
    public static WeightPlace Vision => new(-1);
}
