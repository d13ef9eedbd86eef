using Llama4.Core.Sampling;

namespace Llama4.Tests.Sampling;

public sealed class PhiloxTests
{
    // Known answers published with the authors' Random123 library, philox4x32-10.
    [Theory]
    [InlineData(0u, 0u, 0u, 0u, 0u, 0u, 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)]
    [InlineData(0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu, 0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu)]
    [InlineData(0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u, 0xa4093822u, 0x299f31d0u, 0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u)]
    public void Gives_the_published_numbers(uint c0, uint c1, uint c2, uint c3, uint k0, uint k1, uint r0, uint r1, uint r2, uint r3) =>
        Assert.Equal((r0, r1, r2, r3), Philox.Block(c0, c1, c2, c3, k0, k1));

    [Fact]
    public void Numbers_are_uniform_over_positions_and_over_seeds()
    {
        const int Draws = 100_000, Cells = 100;
        var byPosition = new int[Cells];
        var bySeed = new int[Cells];
        for (ulong i = 0; i < Draws; i++)
        {
            byPosition[(int)(Philox.Uniform(42, i) * Cells)]++;
            bySeed[(int)(Philox.Uniform(i, 42) * Cells)]++;
        }
        ChiSquare.AssertFits(byPosition, Enumerable.Repeat(1.0 / Cells, Cells));
        ChiSquare.AssertFits(bySeed, Enumerable.Repeat(1.0 / Cells, Cells));
    }

    [Fact]
    public void Numbers_stay_below_one() =>
        Assert.True((((ulong)uint.MaxValue << 32 | uint.MaxValue) >> 11) * (1.0 / (1UL << 53)) < 1);
}
