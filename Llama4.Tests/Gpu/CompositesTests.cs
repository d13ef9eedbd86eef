using Llama4.Kernels.Gpu;
using Llama4.Tests.Kernels;
using Composites = Llama4.Tests.Kernels.CompositesTests;

namespace Llama4.Tests.Gpu;

/// <summary>Composites whose kernels make the bytes that quantised matrices take: the devices of the other tests take inputs as they are.</summary>
public sealed class CompositesTests
{
    [Fact]
    public void Bytes_are_those_that_the_products_would_make() => Emulated.Check(Bytes);

    static void Bytes()
    {
        using GpuDevice device = EmulatedDevice.Create(groupThreads: 64);
        var test = new TestDevice(device, IsEmulated: true);
        Composites.NormAndProducts(test);
        Composites.GatedLayer(test);
        Composites.Experts(test);
        Composites.AttentionAndProjection(test);
    }
}
