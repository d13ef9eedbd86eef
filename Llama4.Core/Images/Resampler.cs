namespace Llama4.Core.Images;

/// <summary>
/// Bilinear resize of 8-bit RGB with antialiasing: a triangle filter as wide as the reduction, rows first, then columns, each rounded
/// to 8 bits. Weights are 16-bit fixed point, as in the reference (torchvision's uint8 path), so that the pixels are the same.
/// </summary>
static class Resampler
{
    /// <summary>
    /// Writes <paramref name="image"/> as width × height pixels to the top left of a target whose rows are
    /// <paramref name="targetStride"/> bytes apart.
    /// </summary>
    public static void Resize(RgbImage image, int width, int height, Span<byte> target, int targetStride)
    {
        Taps across = Taps.Make(image.Width, width), down = Taps.Make(image.Height, height);

        // Rows resized so far that an output row may still need: a ring.
        int ringRows = down.Count, rowBytes = 3 * width, done = 0;
        var ring = new byte[ringRows * rowBytes];
        var sums = new int[rowBytes];
        for (int y = 0; y < height; y++)
        {
            int first = down.First[y], count = down.Lengths[y];
            for (; done < first + count; done++)
            {
                if (done < first) continue;
                ReadOnlySpan<byte> row = image.Pixels.AsSpan(3 * image.Width * done, 3 * image.Width);
                ResizeRow(row, across, ring.AsSpan(done % ringRows * rowBytes, rowBytes));
            }

            sums.AsSpan().Fill(1 << (down.Bits - 1));
            for (int i = 0; i < count; i++)
                AddWeighted(ring.AsSpan((first + i) % ringRows * rowBytes, rowBytes), down.Weights[y * down.Count + i], sums);
            Narrow(sums, down.Bits, target.Slice(y * targetStride, rowBytes));
        }
    }

    static void ResizeRow(ReadOnlySpan<byte> source, Taps taps, Span<byte> target)
    {
        int half = 1 << (taps.Bits - 1);
        for (int x = 0, out3 = 0; out3 < target.Length; x++, out3 += 3)
        {
            ReadOnlySpan<short> weights = taps.Weights.AsSpan(x * taps.Count, taps.Lengths[x]);
            ReadOnlySpan<byte> pixels = source.Slice(3 * taps.First[x], 3 * weights.Length);
            int red = half, green = half, blue = half;
            foreach (short weight in weights)
            {
                red += pixels[0] * weight;
                green += pixels[1] * weight;
                blue += pixels[2] * weight;
                pixels = pixels[3..];
            }
            target[out3] = (byte)Math.Clamp(red >> taps.Bits, 0, 255);
            target[out3 + 1] = (byte)Math.Clamp(green >> taps.Bits, 0, 255);
            target[out3 + 2] = (byte)Math.Clamp(blue >> taps.Bits, 0, 255);
        }
    }

    static void AddWeighted(ReadOnlySpan<byte> source, int weight, Span<int> sums)
    {
        for (int i = 0; i < source.Length; i++) sums[i] += source[i] * weight;
    }

    static void Narrow(ReadOnlySpan<int> sums, int bits, Span<byte> target)
    {
        for (int i = 0; i < target.Length; i++) target[i] = (byte)Math.Clamp(sums[i] >> bits, 0, 255);
    }

    /// <summary>
    /// The source pixels of each output pixel of one direction and their weights.
    /// Output i is Σ source[First[i] + j] · Weights[i · Count + j] / 2^Bits over j &lt; Lengths[i].
    /// </summary>
    sealed record Taps(int Count, int Bits, int[] First, int[] Lengths, short[] Weights)
    {
        public static Taps Make(int from, int to)
        {
            double scale = (double)from / to, support = Math.Max(scale, 1);
            int count = Math.Min((int)Math.Ceiling(support) * 2 + 1, from);
            int[] first = new int[to], lengths = new int[to];
            var exact = new double[to * count];
            double largest = 0;
            for (int i = 0; i < to; i++)
            {
                double centre = (i + 0.5) * scale, sum = 0;
                first[i] = Math.Max((int)(centre - support + 0.5), 0);
                lengths[i] = Math.Min((int)(centre + support + 0.5), from) - first[i];
                Span<double> weights = exact.AsSpan(i * count, lengths[i]);
                for (int j = 0; j < weights.Length; j++)
                    sum += weights[j] = Math.Max(0, 1 - Math.Abs((first[i] + j - centre + 0.5) / support));
                foreach (ref double weight in weights) largest = Math.Max(largest, weight /= sum);
            }

            // As many fraction bits as the largest weight leaves room for in 16.
            int bits = 0;
            while (bits < 22 && (int)(0.5 + largest * (1 << (bits + 1))) < 1 << 15) bits++;
            return new Taps(count, bits, first, lengths, Array.ConvertAll(exact, w => (short)(0.5 + w * (1 << bits))));
        }
    }
}
