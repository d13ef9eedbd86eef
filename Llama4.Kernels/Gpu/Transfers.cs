using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ILGPU.Runtime;

namespace Llama4.Kernels.Gpu;

sealed unsafe partial class GpuDevice
{
    const int StagingBytes = 16 << 20;

    // Page-locked, so that the driver copies without a detour; made when first needed.
    Staging[]? stagings;

    /// <summary>A copy, piece by piece: while one piece goes to the device, the next is read from the file.</summary>
    public override Tensor Import(MappedFile file, long offset, int rows, int columns, Encoding encoding)
    {
        var source = new Tensor(file, offset, rows, columns, encoding);
        Check.Inside(source, file.Path);
        Tensor target = Allocate(rows, columns, encoding);
        stagings ??= [new Staging(accelerator), new Staging(accelerator)];
        for (long from = 0, piece = 0; from < source.Bytes; from += StagingBytes, piece++)
        {
            int bytes = (int)Math.Min(StagingBytes, source.Bytes - from);
            Staging staging = stagings[piece % stagings.Length];
            staging.Stream.Synchronize();
            new ReadOnlySpan<byte>((void*)(source.Address + from), bytes).CopyTo(staging.Memory.Span);
            ((GpuBuffer)target.Buffer).View(from, bytes).CopyFromCPUUnsafeAsync(staging.Stream, ref staging.Memory.Span[0], bytes);
        }
        foreach (Staging staging in stagings) staging.Stream.Synchronize();
        return target;
    }

    /// <summary>Host memory on its way to the device, in a stream of its own.</summary>
    sealed class Staging(Accelerator accelerator) : IDisposable
    {
        public PageLockedArray1D<byte> Memory { get; } = accelerator.AllocatePageLocked1D<byte>(StagingBytes, uninitialized: true);

        public AcceleratorStream Stream { get; } = accelerator.CreateStream();

        public void Dispose()
        {
            Stream.Dispose();
            Memory.Dispose();
        }
    }

    public override void Upload<T>(ReadOnlySpan<T> source, Tensor target)
    {
        GpuBuffer buffer = CheckTransfer(target, source.Length, Unsafe.SizeOf<T>(), nameof(target), nameof(Upload));
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(source);
        if (bytes.IsEmpty) return;
        buffer.View(target.Offset, bytes.Length).CopyFromCPU(stream, bytes);
        stream.Synchronize();
    }

    public override void Download<T>(Tensor source, Span<T> target)
    {
        GpuBuffer buffer = CheckTransfer(source, target.Length, Unsafe.SizeOf<T>(), nameof(source), nameof(Download));
        Span<byte> bytes = MemoryMarshal.AsBytes(target);
        if (!bytes.IsEmpty) buffer.View(source.Offset, bytes.Length).CopyToCPU(stream, bytes);
        stream.Synchronize();
    }

    static GpuBuffer CheckTransfer(in Tensor tensor, int count, int size, string name, string operation)
    {
        Check.Inside(tensor, name, operation);
        if (!tensor.IsContiguous)
            throw new ArgumentException($"{operation}: {name} is not contiguous, its rows are {tensor.RowBytes} bytes apart", name);
        if ((long)count * size > tensor.Bytes)
            throw new ArgumentException($"{operation}: {count} numbers of {size} bytes, but {name} ({tensor.Rows}×{tensor.Columns} {tensor.Encoding}) has {tensor.Bytes} bytes", name);
        return tensor.Buffer as GpuBuffer ?? throw new ArgumentException($"{operation}: {name} is not in this device's memory", name);
    }
}
