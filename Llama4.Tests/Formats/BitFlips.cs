using Llama4.Core;
using Llama4.Core.Formats;

namespace Llama4.Tests.Formats;

/// <summary>Row G41 for any file: whatever bit is wrong, the model opens or is refused in the one way, in little memory.</summary>
static class BitFlips
{
    const long MostBytes = 16 << 20;

    /// <summary>Flips one bit at a time of the first <paramref name="range"/> bytes of a file, and puts it right again.</summary>
    /// <returns>How often the model was refused.</returns>
    public static int Run(string model, string file, int range, int count, int seed)
    {
        byte[] whole = File.ReadAllBytes(file);
        using FileStream stream = new(file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        var random = new Random(seed);
        int refused = 0;
        for (int i = 0; i < count; i++)
        {
            // The first bytes, with their counts and lengths, one after the other; then anywhere.
            int at = i < 8 * 32 ? i / 8 : random.Next(range), bit = i < 8 * 32 ? i % 8 : random.Next(8);
            Put(stream, at, (byte)(whole[at] ^ 1 << bit));
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                Checkpoint.Open(model).Dispose();
            }
            catch (ModelFormatException)
            {
                refused++;
            }
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Assert.True(allocated < MostBytes, $"bit {bit} of byte {at}: {allocated} bytes were allocated");
            Put(stream, at, whole[at]);
        }
        Checkpoint.Open(model).Dispose();
        return refused;
    }

    static void Put(FileStream stream, int at, byte value)
    {
        stream.Position = at;
        stream.WriteByte(value);
        stream.Flush();
    }
}
