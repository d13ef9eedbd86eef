using Llama4.Kernels.Cpu.Paths;
using Llama4.Kernels.Formats;

namespace Llama4.Kernels.Cpu;

/// <summary>Rows of a format of blocks, decoded exactly: the oracle of <see cref="MatMulBytes{TFormat, TBlock, TOutputs}"/>.</summary>
readonly unsafe struct QuantisedRows<TFormat, TBlock> : IWeightRows
    where TFormat : struct, IQuantisedFormat<TBlock>
    where TBlock : unmanaged
{
    public static void Decode(byte* row, int from, int count, float* target)
    {
        for (int i = 0; i < count; i += Unpacking.Length)
            Unpacking.Decode<TFormat, TBlock>(
                (TBlock*)row + (from + i) / TFormat.Length, Math.Min(Unpacking.Length, count - i), target + i);
    }

    public static float Dot(byte* row, int from, int count, float* x, float* scratch)
    {
        Decode(row, from, count, scratch);
        return FloatRows<F32, float>.Dot((byte*)scratch, 0, count, x, scratch);
    }

    public static bool TryAddTile<TTile>(byte* row, long rowBytes, int outputs, int from, int count, float* x, int rows, float* sums, int stride, long ahead)
        where TTile : struct, IFloatTile => false;
}
