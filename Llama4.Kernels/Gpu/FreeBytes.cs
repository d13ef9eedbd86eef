using ILGPU.Runtime.Cuda;

namespace Llama4.Kernels.Gpu;

sealed partial class GpuDevice
{
    /// <summary>What the driver says; of an emulated GPU, what its memory leaves.</summary>
    public override long FreeBytes
    {
        get
        {
            if (accelerator is not CudaAccelerator cuda) return accelerator.MemorySize - AllocatedBytes;
            cuda.Bind();
            return cuda.GetFreeMemory();
        }
    }
}
