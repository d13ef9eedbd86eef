namespace Llama4.Core.Model;

/// <summary>Angular frequencies of rotary position embedding, in float32 as the references compute them (specification 1.5).</summary>
static class RotaryFrequencies
{
    /// <summary>w_j = theta^(-2j / headDim), j = 0 … headDim/2 − 1, scaled as the configuration says.</summary>
    public static float[] Of(TextConfig config)
    {
        float[] w = Unscaled(config.RopeTheta, config.HeadDim);
        for (int j = 0; j < w.Length; j++)
        {
            if (config.RopeScaling is { } scaling) w[j] = Scale(w[j], scaling);
            if (config.RopeFactors is { } factors) w[j] /= factors[j];
        }
        return w;
    }

    public static float[] Unscaled(float theta, int width)
    {
        var w = new float[width / 2];
        for (int j = 0; j < w.Length; j++) w[j] = 1 / MathF.Pow(theta, 2f * j / width);
        return w;
    }

    /// <summary>"llama3": long waves are slowed by the factor, short ones kept, those between blended.</summary>
    static float Scale(float w, RopeScaling s)
    {
        float wavelength = 2 * MathF.PI / w;
        if (wavelength < s.OriginalContext / s.HighFrequencyFactor) return w;
        // With equal low and high factors there is no middle band, and the blend below would divide by zero.
        if (wavelength > s.OriginalContext / s.LowFrequencyFactor || s.HighFrequencyFactor == s.LowFrequencyFactor) return w / s.Factor;
        float smooth = (s.OriginalContext / wavelength - s.LowFrequencyFactor) / (s.HighFrequencyFactor - s.LowFrequencyFactor);
        return (1 - smooth) * w / s.Factor + smooth * w;
    }
}
