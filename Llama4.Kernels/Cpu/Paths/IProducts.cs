namespace Llama4.Kernels.Cpu.Paths;

/// <summary>Products of bytes by the instructions of a path, a vector of 32-bit lanes at a time; see <see cref="IOutputs{TSelf}"/>.</summary>
interface IProducts<TVector>
{
    static abstract int LargestSum { get; }

    static virtual bool MovesSigned => false;

    /// <param name="inputs">Four signed bytes, the same in all lanes.</param>
    static abstract TVector Add(TVector sums, TVector weights, TVector inputs, bool isSigned);

    static abstract TVector Total(TVector sums);
}
