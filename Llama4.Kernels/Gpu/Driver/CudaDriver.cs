using System.Reflection;
using System.Runtime.InteropServices;
using ILGPU;

namespace Llama4.Kernels.Gpu.Driver;

/// <summary>NVIDIA's driver library: where it is, and whether it will do. It is part of the system, never of this project.</summary>
static unsafe class CudaDriver
{
    // The first is in every installation; the second, the only one that ILGPU tries, often comes with the developer's package alone.
    static readonly string[] linuxNames = ["libcuda.so.1", "libcuda.so"], windowsNames = ["nvcuda.dll"];

    // CUDA 12.4: the oldest that knows PTX 8.4.
    const int LeastVersion = 12040;
    const int NoDevice = 100;

    static int redirected;

    static string[] Names => OperatingSystem.IsWindows() ? windowsNames : linuxNames;

    /// <summary>Why no CUDA device can be used, in one sentence; null when one can.</summary>
    public static string? Problem() => Problem(Names);

    /// <param name="names">File names to try.</param>
    public static string? Problem(params ReadOnlySpan<string> names)
    {
        if (Load(names) is not { } library)
            return $"there is no NVIDIA driver ({string.Join(", ", names)} not found): install it, or use the CPU";
        int version = 0, count = 0;
        var getVersion = (delegate* unmanaged<int*, int>)NativeLibrary.GetExport(library, "cuDriverGetVersion");
        int status = getVersion(&version);
        if (status == 0 && version < LeastVersion)
            return $"the NVIDIA driver is for CUDA {Text(version)}, and {Text(LeastVersion)} or newer is needed: update the driver, or use the CPU";
        if (status == 0) status = ((delegate* unmanaged<uint, int>)NativeLibrary.GetExport(library, "cuInit"))(0);
        if (status == 0) status = ((delegate* unmanaged<int*, int>)NativeLibrary.GetExport(library, "cuDeviceGetCount"))(&count);
        if (status == NoDevice || status == 0 && count == 0)
            return "there is an NVIDIA driver but no GPU that it shows to this process: check nvidia-smi and CUDA_VISIBLE_DEVICES, or use the CPU";
        return status == 0 ? null : $"the NVIDIA driver does not start, error {status}{Reason(library, status)}: check nvidia-smi, or use the CPU";
    }

    /// <summary>Lets ILGPU find the library under either name. To be called before a CUDA context is made.</summary>
    public static void Redirect()
    {
        if (OperatingSystem.IsWindows() || Interlocked.Exchange(ref redirected, 1) != 0) return;
        NativeLibrary.SetDllImportResolver(typeof(Context).Assembly, Resolve);
    }

    static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) => name == "cuda" ? Load(Names) ?? 0 : 0;

    static nint? Load(ReadOnlySpan<string> names)
    {
        foreach (string name in names)
            if (NativeLibrary.TryLoad(name, out nint library)) return library;
        return null;
    }

    /// <summary>Address of a function that ILGPU does not offer.</summary>
    public static nint Function(string name) => NativeLibrary.GetExport(Load(Names) ?? throw new DllNotFoundException(Names[0]), name);

    static string Text(int version) => $"{version / 1000}.{version % 1000 / 10}";

    static string Reason(nint library, int status)
    {
        byte* text = null;
        ((delegate* unmanaged<int, byte**, int>)NativeLibrary.GetExport(library, "cuGetErrorString"))(status, &text);
        return text is null ? "" : $", {Marshal.PtrToStringUTF8((nint)text)}";
    }
}
