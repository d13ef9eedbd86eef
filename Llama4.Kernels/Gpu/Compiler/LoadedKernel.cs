using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using Llama4.Kernels.Gpu.Driver;

namespace Llama4.Kernels.Gpu.Compiler;

/// <summary>A kernel in the driver. ILGPU's context holds it only weakly.</summary>
sealed unsafe class LoadedKernel(Kernel kernel, Delegate launcher)
{
    // Without asking, a group gets no more.
    const int Usual = 48 << 10;
    const int MaxDynamicSharedBytes = 8;

    int allowed = Usual;

    public Delegate Launcher => launcher;

    /// <summary>Lets groups have that much dynamic shared memory.</summary>
    /// <exception cref="CudaException">More than the device has.</exception>
    public void AllowShared(int bytes)
    {
        if (bytes <= allowed || kernel is not CudaKernel cuda) return;
        var set = (delegate* unmanaged<nint, int, int, int>)CudaDriver.Function("cuFuncSetAttribute");
        CudaException.ThrowIfFailed((CudaError)set(cuda.FunctionPtr, MaxDynamicSharedBytes, bytes));
        allowed = bytes;
    }
}
