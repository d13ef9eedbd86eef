namespace Llama4.Tests.Images;

/// <summary>Writes JPEG files of one colour for tests: every block is a code for its first coefficient and an end of block.</summary>
static class FlatJpeg
{
    /// <param name="values">Level of each component.</param>
    /// <param name="claimedWidth">Width in the header, if not the true one.</param>
    public static byte[] Write(int width, int height, byte[] values, int claimedWidth = 0, int claimedHeight = 0, params (int Marker, byte[] Data)[] extra)
    {
        var file = new MemoryStream();
        file.Write([0xFF, 0xD8]);
        foreach ((int marker, byte[] data) in extra) Segment(marker, data);
        Segment(0xDB, [0, .. Enumerable.Repeat((byte)1, 64)]);
        int w = claimedWidth > 0 ? claimedWidth : width, h = claimedHeight > 0 ? claimedHeight : height;
        var components = Enumerable.Range(1, values.Length);
        Segment(0xC0, [8, (byte)(h >> 8), (byte)h, (byte)(w >> 8), (byte)w, (byte)values.Length, .. components.SelectMany(i => new byte[] { (byte)i, 0x11, 0 })]);
        // First coefficients: four bits say how many bits follow. Others: 0 is "end of block".
        Segment(0xC4, [0x00, 0, 0, 0, 12, .. new byte[12], .. Enumerable.Range(0, 12).Select(i => (byte)i)]);
        Segment(0xC4, [0x10, 1, .. new byte[15], 0]);
        Segment(0xDA, [(byte)values.Length, .. components.SelectMany(i => new byte[] { (byte)i, 0 }), 0, 63, 0]);
        var bits = new List<bool>();
        for (int block = 0; block < (width + 7) / 8 * ((height + 7) / 8); block++)
            foreach (byte value in values)
            {
                // Negative numbers are written less one, without their sign (T.81 F.1.2.1.1).
                int level = block == 0 ? 8 * (value - 128) : 0, length = 0;
                while (Math.Abs(level) >> length != 0) length++;
                Add(length, 4);
                Add(level > 0 ? level : level + (1 << length) - 1, length);
                Add(0, 1);
            }
        while (bits.Count % 8 != 0) bits.Add(true);
        for (int i = 0; i < bits.Count; i += 8)
        {
            int value = 0;
            for (int bit = 0; bit < 8; bit++) value = value << 1 | (bits[i + bit] ? 1 : 0);
            file.WriteByte((byte)value);
            if (value == 0xFF) file.WriteByte(0);
        }
        file.Write([0xFF, 0xD9]);
        return file.ToArray();

        void Add(int value, int count)
        {
            for (int bit = count - 1; bit >= 0; bit--) bits.Add((value >> bit & 1) != 0);
        }

        void Segment(int marker, byte[] data)
        {
            file.Write([0xFF, (byte)marker, (byte)(data.Length + 2 >> 8), (byte)(data.Length + 2)]);
            file.Write(data);
        }
    }
}
