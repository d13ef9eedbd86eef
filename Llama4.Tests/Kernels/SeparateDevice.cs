using Llama4.Kernels;
using Llama4.Kernels.Cpu;
using Buffer = Llama4.Kernels.Buffer;
using Encoding = Llama4.Kernels.Encoding;

namespace Llama4.Tests.Kernels;

/// <summary>The processor as a GPU would be: nothing but its own memory is of use to it, and weights are copied into it.</summary>
sealed class SeparateDevice() : DeviceProxy(new CpuDevice(new CpuOptions { Threads = 1, Activations = ActivationPrecision.Float32 }))
{
    readonly HashSet<Buffer> own = [];

    public long? Free { get; init; }

    public override long FreeBytes => Free ?? base.FreeBytes;

    /// <summary>Here the host does it all the same, after the same copies.</summary>
    public override bool DrawsFast => true;

    public override Buffer Allocate(long bytes)
    {
        Buffer buffer = base.Allocate(bytes);
        own.Add(buffer);
        return buffer;
    }

    public override Tensor Import(MappedFile file, long offset, int rows, int columns, Encoding encoding)
    {
        Tensor mapped = Inner.Import(file, offset, rows, columns, encoding), copy = Allocate(rows, columns, encoding);
        Inner.CopyTo(mapped, Inner, copy);
        return copy;
    }

    protected override void Look(params ReadOnlySpan<Tensor?> used)
    {
        foreach (ref readonly Tensor? tensor in used)
            if (tensor is { } t && !own.Contains(t.Buffer)) throw new InvalidOperationException("the memory of another device");
    }
}
