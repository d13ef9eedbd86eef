using Llama4.Kernels;

namespace Llama4.Tests.Kernels;

/// <summary>A product to check or to time: x [Rows, Inputs], W [Outputs, Inputs] or input-major.</summary>
readonly record struct MatMulCase(Encoding Encoding, int Rows, int Inputs, int Outputs, bool InputMajor = false)
{
    public double Operations => 2.0 * Rows * Inputs * Outputs;
}

/// <summary>Shapes around everything the kernels count in: vectors, groups, blocks, panels, tiles, items.</summary>
static class MatMulCases
{
    static readonly (int Rows, int Outputs)[] edges = [(1, 1), (1, 129), (2, 7), (3, 64), (4, 9), (5, 129), (17, 7), (35, 64)];

    public static int[] Inputs(Encoding encoding) => encoding.BlockLength() switch
    {
        1 => [1, 7, 8, 15, 17, 33, 100, 511, 512, 513, 1040],
        32 => [32, 64, 224, 256, 288, 512, 1056],
        _ => [256, 512, 768],
    };

    /// <summary>Every number of inputs with few rows and outputs, and one with every number of rows and outputs.</summary>
    public static IEnumerable<MatMulCase> Of(Encoding encoding, bool inputMajor = false)
    {
        int[] inputs = Inputs(encoding);
        foreach (int k in inputs)
        {
            yield return new(encoding, 1, k, 7, inputMajor);
            yield return new(encoding, 9, k, 17, inputMajor);
        }
        foreach ((int rows, int outputs) in edges) yield return new(encoding, rows, inputs[^2], outputs, inputMajor);
        yield return new(encoding, 130, inputs[^3], 129, inputMajor);
    }
}
