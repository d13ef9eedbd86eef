namespace Llama4.Kernels;

/// <summary>A piece of device memory. Whoever allocates it disposes it; tensors are views and own nothing.</summary>
public abstract class Buffer : IDisposable
{
    /// <summary>Size in bytes.</summary>
    public abstract long Bytes { get; }

    /// <summary>Device address of the first byte; what page tables hold.</summary>
    /// <exception cref="ObjectDisposedException">The buffer was disposed.</exception>
    public abstract long Address { get; }

    public abstract void Dispose();
}
