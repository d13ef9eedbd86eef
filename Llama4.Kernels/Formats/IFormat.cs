namespace Llama4.Kernels.Formats;

/// <summary>A number format: Length numbers in one TBlock. The layout is the file's, so blocks are used where they lie.</summary>
interface IFormat<TBlock>
    where TBlock : unmanaged
{
    /// <summary>Numbers in a block.</summary>
    static abstract int Length { get; }

    /// <summary>Number <paramref name="index"/> of a block. The definition of the format, in plain scalar code that GPU kernels use too.</summary>
    static abstract float Decode(ref readonly TBlock block, int index);

    /// <summary>The block nearest to Length finite numbers, or close to it.</summary>
    static abstract void Encode(ReadOnlySpan<float> values, out TBlock block);
}
