using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ILGPU.Runtime;
using Llama4.Kernels.Cpu;

namespace Llama4.Kernels.Gpu;

sealed unsafe partial class GpuDevice
{
    const int StagingBytes = 16 << 20;

    // Page-locked, so that the driver copies without a detour; made when first needed.
    PageLockedArray1D<byte>? staging;

    /// <summary>A copy: through page-locked memory, piece by piece, as the file's pages come in.</summary>
    public override Tensor Import(MappedFile file, long offset, int rows, int columns, Encoding encoding)
    {
        var source = new Tensor(file, offset, rows, columns, encoding);
        Check.Inside(source, file.Path);
        Tensor target = Allocate(rows, columns, encoding);
        staging ??= accelerator.AllocatePageLocked1D<byte>(StagingBytes, uninitialized: true);
        for (long from = 0; from < source.Bytes; from += StagingBytes)
        {
            int bytes = (int)Math.Min(StagingBytes, source.Bytes - from);
            new ReadOnlySpan<byte>((void*)(source.Address + from), bytes).CopyTo(staging.Span);
            ((GpuBuffer)target.Buffer).View(from, bytes).CopyFromCPUUnsafeAsync(stream, ref staging.Span[0], bytes);
            stream.Synchronize();
        }
        return target;
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
