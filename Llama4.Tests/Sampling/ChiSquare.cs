namespace Llama4.Tests.Sampling;

/// <summary>Pearson's test of counts against probabilities.</summary>
static class ChiSquare
{
    /// <summary>
    /// Fails when the statistic lies beyond the 1 − 10⁻⁶ quantile, by Wilson and Hilferty's cube-root approximation. Seeds are fixed, so a test
    /// that passes once always passes; the quantile says what would be believed of a fresh seed.
    /// </summary>
    public static void AssertFits(ReadOnlySpan<int> counts, IEnumerable<double> probabilities)
    {
        const double Z = 4.753;
        double draws = 0, statistic = 0;
        foreach (int count in counts) draws += count;
        int cells = 0, index = 0;
        foreach (double p in probabilities)
        {
            double expected = p * draws, off = counts[index++] - expected;
            if (p == 0)
            {
                Assert.Equal(0, off);
                continue;
            }
            Assert.True(expected >= 5, $"cell {index - 1} expects only {expected} draws");
            statistic += off * off / expected;
            cells++;
        }
        double freedom = cells - 1, root = 1 - 2 / (9 * freedom) + Z * Math.Sqrt(2 / (9 * freedom));
        Assert.True(statistic <= freedom * root * root * root, $"chi square {statistic} with {freedom} degrees of freedom");
    }
}
