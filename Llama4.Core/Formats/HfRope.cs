using Llama4.Core.Model;

namespace Llama4.Core.Formats;

/// <summary>Rotary positions in config.json: rope_theta beside rope_scaling, or both inside the newer rope_parameters.</summary>
internal static class HfRope
{
    public static (float Theta, RopeScaling? Scaling) Read(JsonFields c, double missingTheta = 500_000)
    {
        JsonFields? parameters = c.Object("rope_parameters");
        JsonFields theta = parameters is { } p && p.Has("rope_theta") ? p : c;
        return (theta.Float("rope_theta", 1, 1e12, missingTheta), ReadScaling(parameters ?? c.Object("rope_scaling")));
    }

    static RopeScaling? ReadScaling(JsonFields? scaling)
    {
        if (scaling is not { } s) return null;
        string key = s.Has("rope_type") ? "rope_type" : "type";
        string type = s.Text(key) ?? "default";
        if (type == "default") return null;
        if (type != "llama3") throw new ModelFormatException(s.File, s.Place(key), $"is {type}, expected llama3 or default");
        float low = s.Float("low_freq_factor", 1e-6, 1e6);
        float high = s.Float("high_freq_factor", 1e-6, 1e6);
        if (high < low) throw new ModelFormatException(s.File, s.Place("high_freq_factor"), $"is {high}, less than low_freq_factor {low}");
        return new RopeScaling(s.Float("factor", 1e-6, 1e6), low, high, s.Int("original_max_position_embeddings", 1, Limits.Context));
    }
}
