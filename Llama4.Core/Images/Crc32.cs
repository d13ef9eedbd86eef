namespace Llama4.Core.Images;

/// <summary>The checksum of PNG chunks (ISO/IEC 15948, annex D): CRC-32 of polynomial EDB88320, bits reflected.</summary>
static class Crc32
{
    static readonly uint[] table = MakeTable();

    public static uint Compute(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second = default) => ~Add(Add(uint.MaxValue, first), second);

    static uint Add(uint crc, ReadOnlySpan<byte> bytes)
    {
        foreach (byte b in bytes) crc = table[(byte)(crc ^ b)] ^ (crc >> 8);
        return crc;
    }

    static uint[] MakeTable()
    {
        var table = new uint[256];
        for (uint i = 0; i < 256; i++)
        {
            uint crc = i;
            for (int bit = 0; bit < 8; bit++) crc = (crc & 1) == 0 ? crc >> 1 : (crc >> 1) ^ 0xEDB88320;
            table[i] = crc;
        }
        return table;
    }
}
