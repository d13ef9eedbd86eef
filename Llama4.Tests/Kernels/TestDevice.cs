using Llama4.Kernels;
using Llama4.Kernels.Cpu;
using Encoding = Llama4.Kernels.Encoding;

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

    /// <summary>
    /// Relative error of what attention rounds for tensor cores, which see heads of 64 and 128 in pages of whole tiles: half the largest relative
    /// distance of neighbours in binary16 and bfloat16. A float cache stays in float.
    /// </summary>
    public double Rounding(KvLayer layer, int pageRows)
    {
        if (IsCpu || layer.HeadDim is not (64 or 128) || pageRows % 16 != 0 || layer.Encoding == Encoding.F32) return 0;
        return layer.Encoding == Encoding.F16 ? 1.0 / 2048 : BFloat;
    }

    /// <summary>The same for attention in groups, whose heads are filled up to 64, 96 or 128.</summary>
    public double GroupRounding(int headDim) => IsCpu || headDim <= 32 || headDim % 2 != 0 ? 0 : BFloat;

    const double BFloat = 1.0 / 256;

    /// <summary>All cases, or the few where each is slow.</summary>
    public IEnumerable<T> Cases<T>(IEnumerable<T> all, params T[] few) => IsEmulated ? few : all;
}
