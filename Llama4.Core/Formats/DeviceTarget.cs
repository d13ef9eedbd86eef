using Llama4.Kernels;
using Llama4.Kernels.Formats;
using Buffer = Llama4.Kernels.Buffer;

namespace Llama4.Core.Formats;

/// <summary>Puts weights on a device: matrices as views of mapped files where the device allows, vectors decoded.</summary>
/// <param name="map">The mapping of a file by its path.</param>
/// <param name="owned">Receives every buffer that this allocates.</param>
/// <param name="bytesTotal">For progress.</param>
internal sealed class DeviceTarget(
    Device device, Func<string, (ModelFile File, MappedFile Map)> map, ICollection<Buffer> owned,
    long bytesTotal, IProgress<LoadProgress>? progress, CancellationToken cancel) : IWeightTarget
{
    long bytesDone;

    public Tensor Matrix(TensorInfo tensor, int rows, int columns)
    {
        cancel.ThrowIfCancellationRequested();
        MappedFile mapped = map(tensor.File).Map;
        Tensor result = device.Import(mapped, tensor.Offset, rows, columns, tensor.Encoding);
        if (!ReferenceEquals(result.Buffer, mapped)) owned.Add(result.Buffer);
        Report(tensor.Bytes);
        return result;
    }

    public Tensor Vector(TensorInfo tensor, int rows, int columns)
    {
        cancel.ThrowIfCancellationRequested();
        var bytes = new byte[tensor.Bytes];
        map(tensor.File).File.Read(tensor.Offset, bytes);
        var values = new float[checked(rows * columns)];
        FormatCodec.Decode(tensor.Encoding, bytes, values);
        Tensor result = device.Allocate(rows, columns, Encoding.F32);
        owned.Add(result.Buffer);
        device.Upload<float>(values, result);
        Report(tensor.Bytes);
        return result;
    }

    void Report(long bytes)
    {
        bytesDone += bytes;
        progress?.Report(new LoadProgress(bytesDone, bytesTotal));
    }
}
