using Llama4.Kernels;
using Llama4.Kernels.Cpu;

namespace Llama4.Tests.Kernels;

/// <summary>A device under test, with what a test must know of it.</summary>
/// <param name="IsEmulated">A thread of the system for each GPU thread: only for few small cases.</param>
sealed record TestDevice(Device Device, bool IsEmulated = false)
{
    public bool IsCpu => Device is CpuDevice;

    /// <summary>Relative error of e^x in units of <see cref="Tolerance.Float"/>: Exponential.cs on the processor, Arithmetic.Exp on a GPU.</summary>
    public double Exponential => IsCpu ? 2 : 8;

    /// <summary>The same of 1 / (1 + e^−x): that of the exponential and three roundings; the processor rounds once, from double.</summary>
    public double Sigmoid => IsCpu ? 1 : Exponential + 3;

    /// <summary>The same of 1 + c ln(x) beyond its last rounding: lg2.approx has 4 units, its factor two roundings. On the processor none.</summary>
    public double Logarithm => IsCpu ? 0 : 6;

    /// <summary>Absolute error of sines and cosines before they are rounded to float: the first term that RotaryTable.cs leaves out.</summary>
    public double Turn => IsCpu ? 1e-15 : 1e-11;

    /// <summary>All cases, or the few where each is slow.</summary>
    public IEnumerable<T> Cases<T>(IEnumerable<T> all, params T[] few) => IsEmulated ? few : all;
}
