namespace Llama4.Core.Generation;

/// <summary>What a device has of a loaded model.</summary>
/// <param name="Name">For people.</param>
/// <param name="WeightBytes">Bytes of weights; those of the processor are mapped from the files.</param>
public sealed record DeviceUse(string Name, long WeightBytes);
