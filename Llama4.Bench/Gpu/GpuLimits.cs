using Llama4.Kernels;
using Llama4.Kernels.Gpu;

namespace Llama4.Bench.Gpu;

/// <summary>How fast the GPU can be at best, measured in the same run as everything that is compared with it.</summary>
/// <param name="CopyGigabytes">GB/s read and written by a copy.</param>
/// <param name="ReadGigabytes">GB/s read.</param>
/// <param name="BFloatTeraflops">Of mma.sync with bfloat16.</param>
/// <param name="ByteTeraops">Of mma.sync with signed bytes.</param>
/// <param name="StreamMicroseconds">From one launch of nothing to the next.</param>
/// <param name="GraphMicroseconds">The same in a graph.</param>
sealed record GpuLimits(
    double CopyGigabytes, double ReadGigabytes, double BFloatTeraflops, double ByteTeraops, double StreamMicroseconds, double GraphMicroseconds)
{
    const int Launches = 256;

    public static GpuLimits Measure(GpuDevice device, GpuShape shape, GpuClock clock)
    {
        using var memory = new DeviceWeights(device);
        long bytes = shape.SweepBytes;
        int columns = checked((int)(bytes / 4));
        Tensor source = memory.New(1, columns), target = memory.New(1, columns), result = memory.New(1, 1);
        double copy = clock.Recorded(() => device.ForNumbers(bytes / CopyKernel.Bytes, new CopyKernel(source.Address, target.Address, bytes)));
        double read = clock.Recorded(() => device.Launch(shape.RateGroups, new ReadKernel(source.Address, bytes, result.Address)));
        double warps = (double)shape.RateGroups * (device.ThreadsOfAGroup / 32);
        double bfloats = clock.Recorded(() => device.Launch(shape.RateGroups, new BFloatRateKernel(shape.RateRounds, result.Address)));
        double signedBytes = clock.Recorded(() => device.Launch(shape.RateGroups, new ByteRateKernel(shape.RateRounds, result.Address)));
        void Nothing()
        {
            for (int i = 0; i < Launches; i++) device.Launch(1, new EmptyKernel(0));
        }
        return new GpuLimits(
            2 * bytes / copy / 1e9, bytes / read / 1e9,
            warps * shape.RateRounds * BFloatRateKernel.Operations / bfloats / 1e12, warps * shape.RateRounds * ByteRateKernel.Operations / signedBytes / 1e12,
            clock.Eager(Nothing) / Launches * 1e6, clock.Recorded(Nothing) / Launches * 1e6);
    }
}
