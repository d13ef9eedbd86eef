using Llama4.Core;
using Llama4.Core.Images;
using StbImageSharp;

namespace Llama4.Tests.Images;

/// <summary>Alone, because it looks at a counter of the whole process.</summary>
[CollectionDefinition("Alone", DisableParallelization = true)]
public class AloneCollection;

[Collection("Alone")]
public class DamagedImageTests
{
    /// <summary>Damages a copy of a file: some bits, a cut, a piece twice; half of the time in what headers hold, at the front.</summary>
    static byte[] Damage(byte[] file, Random random)
    {
        byte[] damaged = [.. file];
        for (int i = random.Next(1, 5); i > 0; i--)
            damaged[random.Next(random.Next(2) == 0 ? damaged.Length : Math.Min(damaged.Length, 60))] ^= (byte)(1 << random.Next(8));
        if (random.Next(8) == 0) damaged = damaged[..random.Next(damaged.Length)];
        if (random.Next(8) == 0 && damaged.Length > 0)
        {
            int at = random.Next(damaged.Length), from = random.Next(damaged.Length);
            damaged = [.. damaged.AsSpan(0, at), .. damaged.AsSpan(from, random.Next(damaged.Length - from)), .. damaged.AsSpan(at)];
        }
        if (damaged.AsSpan().StartsWith(PngFile.Signature)) PngWriter.Repair(damaged);
        return damaged;
    }

    [Fact]
    public void A_damaged_file_is_read_or_refused_and_leaves_no_memory_behind()
    {
        int before = StbImage.NativeAllocations, refused = 0, read = 0;
        var random = new Random(22);
        foreach (byte[] file in Kinds.All())
        {
            RgbImage.Decode(file);
            for (int i = 0; i < 200; i++)
                try
                {
                    RgbImage.Decode(Damage(file, random));
                    read++;
                }
                catch (InvalidRequestException)
                {
                    refused++;
                }
        }
        Assert.Equal(before, StbImage.NativeAllocations);
        Assert.True(refused > 1000 && read > 1000, $"{refused} refused, {read} read: the damage is one-sided");
    }

    /// <summary>The decoder does not clear its memory: what it leaves unwritten would come back as pixels.</summary>
    [Fact]
    public void A_damaged_file_gives_the_same_pixels_each_time()
    {
        var random = new Random(23);
        foreach (byte[] file in Kinds.All())
            for (int i = 0; i < 50; i++)
            {
                byte[] damaged = Damage(file, random);
                byte[]? first = Pixels(damaged);
                for (int noise = 0; noise < 4; noise++) Pixels(PngWriter.Write(33, 29 + noise, 8, 2, (x, y, c) => random.Next(256)));
                Assert.Equal(first, Pixels(damaged));
            }
    }

    static byte[]? Pixels(byte[] file)
    {
        try
        {
            return RgbImage.Decode(file).Pixels;
        }
        catch (InvalidRequestException)
        {
            return null;
        }
    }
}
