using System.Buffers.Binary;
using Llama4.Kernels;

namespace Llama4.Core.Formats;

/// <summary>Numbers of a file as float32.</summary>
internal static class VectorDecoder
{
    public static void Decode(TensorInfo tensor, ReadOnlySpan<byte> bytes, Span<float> values)
    {
        switch (tensor.Encoding)
        {
            case Encoding.F32:
                for (int i = 0; i < values.Length; i++) values[i] = BinaryPrimitives.ReadSingleLittleEndian(bytes[(4 * i)..]);
                break;
            case Encoding.F16:
                for (int i = 0; i < values.Length; i++) values[i] = (float)BinaryPrimitives.ReadHalfLittleEndian(bytes[(2 * i)..]);
                break;
            case Encoding.BF16:
                for (int i = 0; i < values.Length; i++)
                    values[i] = BitConverter.Int32BitsToSingle(BinaryPrimitives.ReadUInt16LittleEndian(bytes[(2 * i)..]) << 16);
                break;
            default:
                throw new ModelFormatException(tensor.File, tensor.Name, $"is {tensor.Encoding}, expected F32, F16 or BF16 for a vector");
        }
    }
}
