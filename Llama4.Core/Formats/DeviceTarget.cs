using Llama4.Core.Model;
using Llama4.Kernels;
using Llama4.Kernels.Formats;
using Buffer = Llama4.Kernels.Buffer;

namespace Llama4.Core.Formats;

/// <summary>Puts weights on their devices: matrices as views of mapped files where the device allows, vectors decoded.</summary>
/// <param name="map">The mapping of a file by its path.</param>
/// <param name="owned">Receives every buffer that this allocates.</param>
/// <param name="bytesTotal">For progress.</param>
internal sealed class DeviceTarget(
    Placement placement, Func<string, (ModelFile File, MappedFile Map)> map, ICollection<Buffer> owned,
    long bytesTotal, IProgress<LoadProgress>? progress, CancellationToken cancel) : IWeightTarget
{
    // A tied output is the embedding again: one copy serves both on one device.
    readonly Dictionary<(TensorInfo, Device), Tensor> matrices = [];
    long bytesDone;

    public Tensor Matrix(WeightPlace place, TensorInfo tensor, int rows, int columns)
    {
        cancel.ThrowIfCancellationRequested();
        Device device = placement.Devices[placement.Of(place)];
        if (matrices.TryGetValue((tensor, device), out Tensor known)) return known;
        MappedFile mapped = map(tensor.File).Map;
        Tensor result = device.Import(mapped, tensor.Offset, rows, columns, tensor.Encoding);
        if (!ReferenceEquals(result.Buffer, mapped)) owned.Add(result.Buffer);
        Report(tensor.Bytes);
        return matrices[(tensor, device)] = result;
    }

    public Tensor Vector(WeightPlace place, TensorInfo tensor, int rows, int columns)
    {
        Device device = placement.Devices[placement.Of(place)];
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
