using Llama4.Kernels;
using Llama4.Kernels.Gpu;

namespace Llama4.Bench.Gpu;

static class GpuCommand
{
    const int Wrong = 1, NoDevice = 3;

    public static int Run(Options options)
    {
        GpuDevice device;
        try
        {
            device = GpuDevice.OpenCuda(options.Integer("device", 0));
        }
        catch (DeviceUnavailableException error)
        {
            Console.Error.WriteLine(error.Message);
            return NoDevice;
        }
        using (device)
        {
            var bench = new GpuBench(device, GpuShape.Scout, GpuShape.Small, Console.Out) { MostTime = TimeSpan.FromMinutes(options.Integer("minutes", 7)) };
            GpuResult result;
            try
            {
                result = bench.Measure(bench.Check());
            }
            catch (Exception error) when (error is InvalidOperationException or DeviceFaultException or OutOfMemoryException)
            {
                Console.Error.WriteLine(error.Message);
                return Wrong;
            }
            if (options.Text("json", "") is { Length: > 0 } json) File.WriteAllText(json, result.ToJson());
            if (options.Text("table", "") is { Length: > 0 } table) File.WriteAllText(table, result.ToTable());
            Console.WriteLine();
            Console.Write(result.ToTable());
            return 0;
        }
    }
}
