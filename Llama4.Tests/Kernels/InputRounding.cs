namespace Llama4.Tests.Kernels;

/// <summary>What a product does to its input.</summary>
enum InputRounding
{
    None,

    /// <summary>Signed bytes with a scale for each 32.</summary>
    Bytes,

    /// <summary>bfloat16, the weights too.</summary>
    BFloats,
}
