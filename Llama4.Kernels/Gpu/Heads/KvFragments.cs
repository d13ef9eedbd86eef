using ILGPU;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu.Heads;

/// <summary>
/// How a warp takes keys and values from the cache to the tensor cores by loads of 16 bytes. Which numbers of a head stand where in a fragment
/// is free as long as queries and keys, values and results agree; so lanes take neighbours, whatever the instruction's own order.
/// </summary>
interface IKvFragments
{
    /// <summary>Whether entries are bytes with a scale for each 32 (see <see cref="Q8Entry"/>), else 16-bit floats.</summary>
    static abstract bool IsBytes { get; }

    /// <summary>Two numbers in the format of the product.</summary>
    static abstract uint Pack(float low, float high);

    static abstract Float4 Multiply(Float4 c, UInt4 a, UInt2 b);
}

readonly struct BFloatFragments : IKvFragments
{
    public static bool IsBytes => false;

    public static uint Pack(float low, float high) => Arithmetic.PackBFloats(low, high);

    public static Float4 Multiply(Float4 c, UInt4 a, UInt2 b) => TensorCore.MultiplyBFloats(c, a, b);
}

readonly struct HalfFragments : IKvFragments
{
    public static bool IsBytes => false;

    public static uint Pack(float low, float high) => Arithmetic.PackHalves(low, high);

    public static Float4 Multiply(Float4 c, UInt4 a, UInt2 b) => TensorCore.MultiplyHalves(c, a, b);
}

/// <summary>Bytes are multiplied as bfloat16, which holds them exactly.</summary>
readonly struct ByteFragments : IKvFragments
{
    public static bool IsBytes => true;

    public static uint Pack(float low, float high) => Arithmetic.PackBFloats(low, high);

    public static Float4 Multiply(Float4 c, UInt4 a, UInt2 b) => TensorCore.MultiplyBFloats(c, a, b);
}

/// <summary>Head widths of the fast kernels, in blocks of 32 numbers.</summary>
interface IHeadWidth
{
    static abstract int Blocks { get; }
}

readonly struct Width64 : IHeadWidth
{
    public static int Blocks => 2;
}

readonly struct Width96 : IHeadWidth
{
    public static int Blocks => 3;
}

readonly struct Width128 : IHeadWidth
{
    public static int Blocks => 4;
}

/// <summary>16 bytes for each block of a head; up to four blocks.</summary>
struct HeadWords
{
    public UInt4 A, B, C, D;
}

/// <summary>Results of a warp for up to eight heads: two accumulators for each block of a head.</summary>
struct HeadSums
{
    public Float4 A, OddA, B, OddB, C, OddC, D, OddD;
}
