using Llama4.Core.Model;

namespace Llama4.Core.Formats;

/// <summary>Rules between the sizes of a model, the same for every file format.</summary>
internal static class ConfigRules
{
    public static void Check(string file, Llama4Config config)
    {
        TextConfig t = config.Text;
        void Rule(bool holds, string place, string problem)
        {
            if (!holds) throw new ModelFormatException(file, place, problem);
        }

        Rule(t.Heads % t.KvHeads == 0, "heads", $"{t.Heads} query heads are no multiple of {t.KvHeads} key/value heads");
        Rule(t.HeadDim % 2 == 0, "head dimension", $"is {t.HeadDim}, rotary positions need an even one");
        Rule(t.ExpertsPerToken <= Math.Max(1, t.Experts), "experts per token", $"is {t.ExpertsPerToken} of {t.Experts} experts");
        long experts = (long)t.Experts * t.IsMoe.Count(moe => moe);
        Rule(experts <= Limits.ExpertsOfAllLayers, "experts", $"{experts} in all layers together, limit {Limits.ExpertsOfAllLayers}");
        Rule((long)t.Heads * t.HeadDim <= Limits.Width, "heads",
            $"{t.Heads} heads of {t.HeadDim} are {(long)t.Heads * t.HeadDim} wide, limit {Limits.Width}");
        if (config.Vision is not { } v) return;
        Rule(v.TileSize % v.PatchSize == 0, "vision tile", $"side {v.TileSize} is no multiple of the patch side {v.PatchSize}");
        Rule(v.Grid % v.Shuffle == 0, "vision tile", $"{v.Grid} patches along a side are no multiple of the pixel shuffle {v.Shuffle}");
        Rule((long)v.Width * v.Shuffle * v.Shuffle <= Limits.FeedForwardWidth, "vision tile",
            $"pixel shuffle {v.Shuffle} makes vectors of {(long)v.Width * v.Shuffle * v.Shuffle}, limit {Limits.FeedForwardWidth}");
        Rule(v.Width % v.Heads == 0, "vision heads", $"width {v.Width} is no multiple of {v.Heads} heads");
        Rule(v.Width / v.Heads % 4 == 0, "vision heads",
            $"head width {v.Width / v.Heads} is no multiple of 4, as rotary positions in two dimensions need");
    }
}
