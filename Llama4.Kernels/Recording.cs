namespace Llama4.Kernels;

/// <summary>Operations that a device does again as a whole; see <see cref="Device.Record"/>.</summary>
public class Recording : IDisposable
{
    readonly Action work;

    internal Recording(Action work) => this.work = work;

    /// <summary>Enqueues the operations, on what now lies in their tensors.</summary>
    public virtual void Run() => work();

    public virtual void Dispose() => GC.SuppressFinalize(this);
}
