using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using Llama4.Kernels.Gpu.Compiler;
using Llama4.Kernels.Gpu.Driver;

namespace Llama4.Kernels.Gpu;

sealed partial class GpuDevice
{
    /// <summary>The CUDA device of this number.</summary>
    /// <param name="level">Another is for comparison: see <see cref="KernelCompiler.Configure"/>.</param>
    /// <exception cref="DeviceUnavailableException">No driver, no such device, or one that is too old.</exception>
    public static GpuDevice OpenCuda(int index = 0, ActivationPrecision activations = ActivationPrecision.Int8, OptimizationLevel level = OptimizationLevel.O2)
    {
        if (CudaDriver.Problem() is { } problem) throw new DeviceUnavailableException(problem);
        CudaDriver.Redirect();
        // One text for every driver: the newest instructions that the kernels use are in PTX 8.4.
        Context context = Context.Create(builder => KernelCompiler.Configure(builder).Optimize(level).Cuda(device => device.InstructionSet = CudaInstructionSet.ISA_84));
        try
        {
            Context.DeviceCollection<CudaDevice> devices = context.GetCudaDevices();
            if (index < 0 || index >= devices.Count)
                throw new DeviceUnavailableException($"there is no CUDA device {index}: there are {devices.Count}, counted from 0; or use the CPU");
            CudaDevice device = devices[index];
            if (device.Architecture < CudaArchitecture.SM_80)
                throw new DeviceUnavailableException($"{device.Name} is of architecture {device.Architecture}; the kernels need sm_80 or newer: use the CPU");
            return new GpuDevice(context, device.CreateCudaAccelerator(context), activations: activations);
        }
        catch (AcceleratorException error)
        {
            // What the driver did not make it will not free either.
            GC.SuppressFinalize(context);
            throw new DeviceUnavailableException($"CUDA device {index} does not open: {error.Message}: check nvidia-smi, or use the CPU");
        }
        catch
        {
            context.Dispose();
            throw;
        }
    }

    /// <summary>The target in the kernels' text. PTX for sm_90a runs on nothing else; other PTX also on everything newer.</summary>
    static string TargetOf(Accelerator accelerator) => (accelerator as CudaAccelerator)?.Architecture switch
    {
        null => KernelCompiler.Target,
        { } own when own == CudaArchitecture.SM_90 => KernelCompiler.Target,
        { } newer when newer > CudaArchitecture.SM_90 => "sm_90",
        { } older => $"sm_{older.Major}{older.Minor}",
    };
}
