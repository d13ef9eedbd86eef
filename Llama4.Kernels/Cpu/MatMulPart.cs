using System.Runtime.Intrinsics;

namespace Llama4.Kernels.Cpu;

/// <summary>One matrix of a call: the packed rows [FirstRow, FirstRow + Rows) times W, outputs in items that are handed out.</summary>
unsafe struct MatMulPart
{
    public MatMulKernel Kernel;

    /// <summary>Row o of W, or input i of an input-major W, begins at Weights + o · RowBytes.</summary>
    public byte* Weights;
    public long RowBytes;
    public int Outputs;

    /// <summary>Eight rows at a time lie as columns, together where they lay one after the other.</summary>
    public bool Repacked;

    /// <summary>Bytes of the weights of one output.</summary>
    public long OutputBytes;

    /// <summary>Per output, or null.</summary>
    public float* Scales;
    public float* Bias;

    /// <summary>Row RowMap[r] of y, or r without a map, takes the result of packed row r.</summary>
    public float* Y;
    public int* RowMap;
    public bool Add;

    public int FirstRow;
    public int Rows;

    public int FirstItem;
    public int ItemOutputs;

    /// <summary>What an output costs: its weights are read once, and once more from a near cache for every further row.</summary>
    public readonly long OutputCost => OutputBytes * Rows;

    /// <summary>Finishes the sum of packed row FirstRow + <paramref name="row"/> and writes it.</summary>
    public readonly void Store(int row, int output, float sum)
    {
        float* y = Target(row) + output;
        if (Scales is not null) sum *= Scales[output];
        if (Bias is not null) sum += Bias[output];
        *y = Add ? *y + sum : sum;
    }

    /// <summary>The same for the sums of eight outputs.</summary>
    public readonly void Store(int row, int output, Vector256<float> sums)
    {
        float* y = Target(row) + output;
        if (Scales is not null) sums *= Vector256.Load(Scales + output);
        if (Bias is not null) sums += Vector256.Load(Bias + output);
        (Add ? Vector256.Load(y) + sums : sums).Store(y);
    }

    readonly float* Target(int row) => Y + (long)(RowMap is null ? FirstRow + row : RowMap[FirstRow + row]) * Outputs;
}
