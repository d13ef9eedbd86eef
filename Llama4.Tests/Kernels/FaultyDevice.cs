using Llama4.Kernels;
using Buffer = Llama4.Kernels.Buffer;

namespace Llama4.Tests.Kernels;

/// <summary>A device that fails once, at a call of choice: an allocation, a copy or an operation.</summary>
sealed class FaultyDevice(Device inner) : DeviceProxy(inner)
{
    Exception? fault;
    int callsLeft;

    /// <summary>Whether only allocations count, and fail.</summary>
    public bool OnlyAllocations { get; set; }

    /// <summary>Whether the fault of the last <see cref="FailAt"/> has happened.</summary>
    public bool HasFailed => fault is null;

    /// <param name="call">1: the very next.</param>
    public void FailAt(int call, Exception error)
    {
        callsLeft = call;
        fault = error;
    }

    /// <summary>Whatever was to come does not.</summary>
    public void Heal() => fault = null;

    public override Buffer Allocate(long bytes)
    {
        if (OnlyAllocations) Count();
        return base.Allocate(bytes);
    }

    protected override void Look(params ReadOnlySpan<Tensor?> used)
    {
        if (!OnlyAllocations) Count();
    }

    void Count()
    {
        if (fault is null || --callsLeft > 0) return;
        Exception thrown = fault;
        fault = null;
        throw thrown;
    }
}
