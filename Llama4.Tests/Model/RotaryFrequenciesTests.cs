using Llama4.Core.Model;

namespace Llama4.Tests.Model;

public class RotaryFrequenciesTests
{
    /// <summary>Specification 1.5: with factor 16 and both band limits 1, pairs 0 … 34 of Scout are kept and 35 … 63 divided by 16.</summary>
    [Fact]
    public void Scout_scales_from_pair_35_on()
    {
        TextConfig plain = TinyConfig.Text with { HeadDim = 128, RopeTheta = 500_000 };
        float[] unscaled = RotaryFrequencies.Of(plain);
        float[] scaled = RotaryFrequencies.Of(plain with { RopeScaling = new RopeScaling(16, 1, 1, 8192) });

        for (int j = 0; j < 64; j++) Assert.Equal(j < 35 ? unscaled[j] : unscaled[j] / 16, scaled[j]);
        Assert.Equal(6695.1, 2 * Math.PI / unscaled[34], 1.0);
        Assert.Equal(8218.7, 2 * Math.PI / unscaled[35], 1.0);
    }

    [Fact]
    public void Between_the_bands_the_two_are_blended()
    {
        TextConfig plain = TinyConfig.Text with { HeadDim = 128, RopeTheta = 500_000 };
        float[] unscaled = RotaryFrequencies.Of(plain);
        float[] scaled = RotaryFrequencies.Of(plain with { RopeScaling = new RopeScaling(8, 1, 4, 8192) });
        bool blended = false;
        for (int j = 0; j < 64; j++)
        {
            double wavelength = 2 * Math.PI / unscaled[j];
            double share = (8192 / wavelength - 1) / 3;
            double expected = share >= 1 ? unscaled[j] : share <= 0 ? unscaled[j] / 8 : unscaled[j] * ((1 - share) / 8 + share);
            blended |= share is > 0 and < 1;
            Assert.Equal(expected, scaled[j], expected * 1e-5);
        }
        Assert.True(blended);
    }

    [Fact]
    public void Stored_factors_divide()
    {
        float[] factors = [1, 2, 4, 8];
        TextConfig plain = TinyConfig.Text with { HeadDim = 8 };
        float[] unscaled = RotaryFrequencies.Of(plain);
        Assert.Equal(unscaled.Zip(factors, (w, f) => w / f), RotaryFrequencies.Of(plain with { RopeFactors = factors }));
    }
}
