using Llama4.Kernels;
using Llama4.Kernels.Cpu;

namespace Llama4.Tests.Kernels;

/// <summary>The devices that every operation is tested on.</summary>
static class Devices
{
    static readonly Dictionary<string, Lazy<Device>> devices = new()
    {
        ["CPU, 1 thread"] = new(() => new CpuDevice(new CpuOptions { Threads = 1 })),
        ["CPU, 2 threads"] = new(() => new CpuDevice(new CpuOptions { Threads = 2 })),
        ["CPU, 3 threads"] = new(() => new CpuDevice(new CpuOptions { Threads = 3 })),
    };

    /// <summary>Rows of a theory.</summary>
    public static TheoryData<string> All => [.. devices.Keys];

    public static Device Get(string name) => devices[name].Value;
}
