using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu;

sealed unsafe partial class GpuDevice
{
    const int StagingBytes = 16 << 20, UploadBytes = 1 << 20;

    // Page-locked, so that the driver copies without a detour; made when first needed.
    Staging[]? stagings;
    PageLockedArray1D<byte>? uploads;
    int uploaded;

    Staging[] Stagings => stagings ??= [new Staging(accelerator), new Staging(accelerator)];

    /// <summary>A copy, piece by piece: while one piece goes to the device, the next is read from the file.</summary>
    public override Tensor Import(MappedFile file, long offset, int rows, int columns, Encoding encoding)
    {
        var source = new Tensor(file, offset, rows, columns, encoding);
        Check.Inside(source, file.Path);
        Tensor target = Allocate(rows, columns, encoding);
        try
        {
            CopyInPieces(source, target);
            return target;
        }
        catch (AcceleratorException error)
        {
            target.Buffer.Dispose();
            throw Failed($"copying {source.Bytes:N0} bytes of {file.Path}", error);
        }
    }

    void CopyInPieces(in Tensor source, in Tensor target)
    {
        // Its memory is zeroed in another stream.
        Finish(stream);
        for (long from = 0, piece = 0; from < source.Bytes; from += StagingBytes, piece++)
        {
            int bytes = (int)Math.Min(StagingBytes, source.Bytes - from);
            Staging staging = Stagings[piece % 2];
            Finish(staging.Stream);
            new ReadOnlySpan<byte>((void*)(source.Address + from), bytes).CopyTo(staging.Memory.Span);
            CopyAsync(target.Address + from, AddressOf(staging.Memory), bytes, staging.Stream);
        }
        foreach (Staging staging in Stagings) Finish(staging.Stream);
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
        CheckTransfer(target, source.Length, Unsafe.SizeOf<T>(), nameof(target), nameof(Upload));
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(source);
        if (bytes.IsEmpty) return;
        ThrowIfDead();
        ThrowIfRecording("an upload");
        try
        {
            uploads ??= accelerator.AllocatePageLocked1D<byte>(UploadBytes, uninitialized: true);
            for (int from = 0; from < bytes.Length; from += UploadBytes)
                UploadLater(bytes.Slice(from, Math.Min(UploadBytes, bytes.Length - from)), target.Address + from);
        }
        catch (AcceleratorException error)
        {
            throw Failed($"copying {bytes.Length:N0} bytes to the device", error);
        }
    }

    /// <summary>Copies into page-locked memory, from where the device takes it when the stream comes to it. A place is used again once all work was waited for.</summary>
    void UploadLater(ReadOnlySpan<byte> bytes, long target)
    {
        if (bytes.Length > UploadBytes - uploaded) Finish();
        bytes.CopyTo(uploads!.Span[uploaded..]);
        CopyAsync(target, AddressOf(uploads) + uploaded, bytes.Length, stream);
        uploaded += bytes.Length;
    }

    static long AddressOf(PageLockedArray1D<byte> memory) => (long)Unsafe.AsPointer(ref memory.Span[0]);

    /// <summary>Copies when the stream comes to it. ILGPU's own copies leave something for the garbage collector.</summary>
    void CopyAsync(long target, long source, long bytes, AcceleratorStream work)
    {
        if (work is CudaStream cuda)
        {
            accelerator.Bind();
            CudaException.ThrowIfFailed((CudaError)((delegate* unmanaged<long, long, long, nint, int>)copy)(target, source, bytes, cuda.StreamPtr));
            return;
        }
        work.Synchronize();
        new ReadOnlySpan<byte>((void*)source, checked((int)bytes)).CopyTo(new Span<byte>((void*)target, (int)bytes));
    }

    /// <summary>Waits for everything; uploads begin at the front again.</summary>
    internal void Finish()
    {
        Finish(stream);
        uploaded = 0;
    }

    public override void Download<T>(Tensor source, Span<T> target)
    {
        CheckTransfer(source, target.Length, Unsafe.SizeOf<T>(), nameof(source), nameof(Download));
        Span<byte> bytes = MemoryMarshal.AsBytes(target);
        ThrowIfDead();
        ThrowIfRecording("a download");
        try
        {
            Finish();
            for (int from = 0; from < bytes.Length; from += StagingBytes)
            {
                int count = Math.Min(StagingBytes, bytes.Length - from);
                PageLockedArray1D<byte> staging = Stagings[0].Memory;
                CopyAsync(AddressOf(staging), source.Address + from, count, stream);
                Finish();
                staging.Span[..count].CopyTo(bytes[from..]);
            }
        }
        catch (AcceleratorException error)
        {
            throw Failed($"copying {bytes.Length:N0} bytes from the device", error);
        }
    }

    static void CheckTransfer(in Tensor tensor, int count, int size, string name, string operation)
    {
        Check.Inside(tensor, name, operation);
        if (!tensor.IsContiguous)
            throw new ArgumentException($"{operation}: {name} is not contiguous, its rows are {tensor.RowBytes} bytes apart", name);
        if ((long)count * size > tensor.Bytes)
            throw new ArgumentException($"{operation}: {count} numbers of {size} bytes, but {name} ({tensor.Rows}×{tensor.Columns} {tensor.Encoding}) has {tensor.Bytes} bytes", name);
        if (tensor.Buffer is not GpuBuffer) throw new ArgumentException($"{operation}: {name} is not in this device's memory", name);
    }
}
