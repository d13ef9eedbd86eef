using System.Runtime.CompilerServices;

namespace Llama4.Kernels.Cpu;

public sealed unsafe partial class CpuDevice
{
    public override Tensor Import(MappedFile file, long offset, int rows, int columns, Encoding encoding)
    {
        var tensor = new Tensor(file, offset, rows, columns, encoding);
        Check.Inside(tensor, file.Path);
        return tensor;
    }

    public override void Upload<T>(ReadOnlySpan<T> source, Tensor target)
    {
        CheckTransfer(target, source.Length, Unsafe.SizeOf<T>(), nameof(target), nameof(Upload));
        Check.Writable(target);
        source.CopyTo(new Span<T>((void*)target.Address, source.Length));
    }

    public override void Download<T>(Tensor source, Span<T> target)
    {
        CheckTransfer(source, target.Length, Unsafe.SizeOf<T>(), nameof(source), nameof(Download));
        new ReadOnlySpan<T>((void*)source.Address, target.Length).CopyTo(target);
    }

    internal override Span<byte> HostMemory(Tensor tensor)
    {
        CheckTransfer(tensor, 0, 1, nameof(tensor), nameof(HostMemory));
        return new Span<byte>((void*)tensor.Address, checked((int)tensor.Bytes));
    }

    static void CheckTransfer(in Tensor tensor, int count, int size, string name, string operation)
    {
        Check.Inside(tensor, name, operation);
        if (!tensor.IsContiguous)
            throw new ArgumentException($"{operation}: {name} is not contiguous, its rows are {tensor.RowBytes} bytes apart", name);
        if ((long)count * size > tensor.Bytes)
            throw new ArgumentException($"{operation}: {count} numbers of {size} bytes, but {name} ({tensor.Rows}×{tensor.Columns} {tensor.Encoding}) has {tensor.Bytes} bytes", name);
    }
}
