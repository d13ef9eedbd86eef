namespace Llama4.Kernels;

/// <summary>Precision of the input of a linear layer with quantised weights.</summary>
public enum ActivationPrecision
{
    /// <summary>Rounded to 8-bit integers with one scale per 32 numbers: fast.</summary>
    Int8,

    /// <summary>As it is: slower, within float rounding of the exact product.</summary>
    Float32,
}
