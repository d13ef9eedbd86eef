using Llama4.Kernels;

namespace Llama4.Core.Model;

/// <summary>What the decoder has on one device between its operations.</summary>
sealed class ModelPart : IDisposable
{
    public ModelPart(Device device, int index, TextConfig config, int maxRows, int maxLogitRows)
    {
        Device = device;
        Index = index;
        Activations = new Activations(device, config, maxRows, maxLogitRows);
        float[] values = RotaryFrequencies.Of(config);
        Frequencies = device.Allocate(1, values.Length, Encoding.F32);
        device.Upload<float>(values, Frequencies);
    }

    public Device Device { get; }

    /// <summary>Of the device in the placement.</summary>
    public int Index { get; }

    public Activations Activations { get; }

    /// <summary>F32 [1,N/2].</summary>
    public Tensor Frequencies { get; }

    public void Dispose()
    {
        Activations.Dispose();
        Frequencies.Buffer.Dispose();
    }
}
