using Llama4.Core.Model;
using Llama4.Kernels;
using Buffer = Llama4.Kernels.Buffer;

namespace Llama4.Core.Formats;

/// <summary>A checkpoint of open files: the headers have been read, the weights come in on demand.</summary>
internal sealed class FileCheckpoint(IReadOnlyList<ModelFile> files, IModelLayout layout) : Checkpoint
{
    readonly Dictionary<string, (ModelFile File, MappedFile Map)> maps = [];
    readonly List<Buffer> owned = [];
    bool disposed;

    public override Llama4Weights LoadText(Placement placement, IProgress<LoadProgress>? progress = null, CancellationToken cancel = default) =>
        Load(placement, layout.Text, progress, cancel);

    public override VisionWeights? LoadVision(
        Placement placement, IProgress<LoadProgress>? progress = null, CancellationToken cancel = default) =>
        Load(placement, layout.Vision, progress, cancel);

    internal override long[] PlanBytes(Placement placement)
    {
        var plan = new PlanTarget(placement);
        layout.Text(plan);
        layout.Vision(plan);
        return plan.BytesOf;
    }

    public override void Dispose()
    {
        if (disposed) return;
        disposed = true;
        foreach (Buffer buffer in owned) buffer.Dispose();
        foreach ((_, MappedFile map) in maps.Values) map.Dispose();
        foreach (ModelFile file in files) file.Dispose();
    }

    T Load<T>(Placement placement, Func<IWeightTarget, T> build, IProgress<LoadProgress>? progress, CancellationToken cancel)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        var plan = new PlanTarget(placement);
        build(plan);
        return build(new DeviceTarget(placement, Map, owned, plan.Bytes, progress, cancel));
    }

    (ModelFile File, MappedFile Map) Map(string path)
    {
        if (maps.TryGetValue(path, out var pair)) return pair;
        ModelFile file = files.First(f => f.Path == path);
        return maps[path] = (file, file.Map());
    }
}
