using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Llama4.Kernels.Formats;

namespace Llama4.Kernels.Cpu;

/// <summary>
/// Blocks of integers times inputs as bytes. The products of a group of 32 (or of its halves, if these have scales of their own) are added
/// up in integers, without rounding, so their order is free; the group's sum times both scales then goes to the float sum of groups
/// 0, 8, 16, …, or 1, 9, 17, …, and the eight sums are added in the order of <see cref="Lanes.Sum"/>.
/// </summary>
/// <remarks>
/// One row: a weight row is walked once, the eight sums are the lanes of a vector. Many rows: eight weight rows are unpacked and interleaved,
/// so that the lanes are outputs, and meet the rows of x tile by tile.
/// </remarks>
sealed unsafe class MatMulBytes<TFormat, TBlock> : MatMulKernel
    where TFormat : struct, IQuantisedFormat<TBlock>
    where TBlock : unmanaged
{
    // From this many rows on interleaving pays.
    const int FewestTileRows = 3;
    const int TileRows = 32;
    const int TileOutputs = 8;
    const int SumsBytes = TileRows * 8 * TileOutputs * sizeof(float);

    // Interleaved: 32 bytes for each 4 inputs of the eight rows, then their scales and offsets.
    const int VectorBytes = 32;
    const int GroupBytes = 8 * VectorBytes;
    const int ScalesOffset = 8 * GroupBytes;

    static int Columns => 8 + (TFormat.HasHalfScales ? 4 : TFormat.HasOffsets ? 2 : 1);

    static int InterleavedBytes => Columns * GroupBytes;

    /// <summary>How many products' pairs fit into 16 bits together.</summary>
    static int ExactAdditions
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => short.MaxValue / (2 * 127 * TFormat.Largest);
    }

    public override bool ReadsBlocks => true;

    public override int ItemOutputs(in MatMulPart part, int threads) => TilesOf(part, TileOutputs);

    public override long ScratchBytes(in MatMulPart part, MatMulInput input) =>
        part.Rows < FewestTileRows ? 0 : TileOutputs * sizeof(UnpackedBlock) + SumsBytes + (long)input.Blocks * InterleavedBytes;

    public override void Run(in MatMulPart part, MatMulInput input, int from, int to, byte* scratch)
    {
        if (part.Rows < FewestTileRows)
            for (int output = from; output < to; output++)
                for (int row = 0; row < part.Rows; row++)
                    part.Store(row, output, Dot(part.Weights + output * part.RowBytes, input, part.FirstRow + row));
        else
            for (int output = from; output < to; output += TileOutputs)
                RunTiles(part, input, output, Math.Min(TileOutputs, to - output), scratch);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static float Dot(byte* weights, MatMulInput input, int row)
    {
        Vector256<float> sum = default;
        InputBlock* x = input.Block(0, row);
        int columns = input.Columns, stride = input.Rows;
        var block = (TBlock*)weights;
        for (; columns >= UnpackedBlock.Length; columns -= UnpackedBlock.Length, x += stride, block += UnpackedBlock.Length / TFormat.Length)
        {
            (Vector256<int> low, Vector256<int> high) = ByteVectors.HalfSums(
                Products(block, x, 0), Products(block, x, 1), Products(block, x, 2), Products(block, x, 3),
                Products(block, x, 4), Products(block, x, 5), Products(block, x, 6), Products(block, x, 7));
            sum = AddBlock(low, high, TFormat.Factors(block, UnpackedBlock.Groups), x, sum);
        }
        return Lanes.Sum(columns > 0 ? AddPart(block, columns / UnpackedBlock.GroupLength, x, sum) : sum);
    }

    /// <summary>The last groups of a row whose length is not a multiple of 256.</summary>
    static Vector256<float> AddPart(TBlock* block, int groups, InputBlock* x, Vector256<float> sum)
    {
        Vector256<int> low = default, high = default;
        for (int g = 0; g < groups; g++)
        {
            Vector256<int> products = Products(block, x, g);
            low = low.WithElement(g, Vector128.Sum(products.GetLower()));
            high = high.WithElement(g, Vector128.Sum(products.GetUpper()));
        }
        return AddBlock(low, high, TFormat.Factors(block, groups), x, sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<float> AddBlock(Vector256<int> low, Vector256<int> high, in GroupFactors factors, InputBlock* x, Vector256<float> sum)
    {
        Vector256<float> scales = Vector256.Load(x->Scales);
        if (!TFormat.HasHalfScales)
        {
            sum = Lanes.MultiplyAdd(Vector256.ConvertToSingle(low + high), factors.Scales * scales, sum);
            return TFormat.HasOffsets ? Lanes.MultiplyAdd(factors.Offsets, Vector256.Load(x->Sums), sum) : sum;
        }
        sum = Lanes.MultiplyAdd(Vector256.ConvertToSingle(low), factors.Scales * scales, sum);
        sum = Lanes.MultiplyAdd(Vector256.ConvertToSingle(high), factors.ScalesHigh * scales, sum);
        sum = Lanes.MultiplyAdd(factors.Offsets, Vector256.Load(x->SumsLow), sum);
        return Lanes.MultiplyAdd(factors.OffsetsHigh, Vector256.Load(x->SumsHigh), sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<int> Products(TBlock* block, InputBlock* x, int group)
    {
        Vector256<byte> w = TFormat.Integers(block, group);
        return ByteVectors.AddPairs(TFormat.IsSigned
            ? ByteVectors.MultiplyPairs(Vector256.Abs(w.AsSByte()).AsByte(), ByteVectors.WithSign(Vector256.Load(x->Values + group * 32), w.AsSByte()))
            : ByteVectors.MultiplyPairs(w, Vector256.Load(x->Values + group * 32)));
    }

    static void RunTiles(in MatMulPart part, MatMulInput input, int output, int outputs, byte* scratch)
    {
        float* sums = (float*)(scratch + TileOutputs * sizeof(UnpackedBlock));
        byte* interleaved = (byte*)sums + SumsBytes;
        Interleave(part, input, output, outputs, (UnpackedBlock*)scratch, interleaved);
        for (int row = 0; row < part.Rows; row += TileRows)
        {
            int rows = Math.Min(TileRows, part.Rows - row);
            new Span<float>(sums, rows * 8 * TileOutputs).Clear();
            for (int block = 0; block < input.Blocks; block++)
                for (int group = 0; group < UnpackedBlock.Groups; group++)
                    AddGroup(interleaved + block * InterleavedBytes, group, input.Block(block, part.FirstRow + row), rows, sums);
            for (int r = 0; r < rows; r++) StoreRow(part, row + r, output, outputs, sums + r * 8 * TileOutputs);
        }
    }

    /// <summary>Whole rows of weights, so that the tiles of x can follow each other. Missing rows are zeros.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Interleave(in MatMulPart part, MatMulInput input, int output, int outputs, UnpackedBlock* unpacked, byte* target)
    {
        new Span<byte>(unpacked, TileOutputs * sizeof(UnpackedBlock)).Clear();
        byte* weights = part.Weights + output * part.RowBytes;
        for (int columns = input.Columns; columns > 0; columns -= UnpackedBlock.Length)
        {
            int groups = Math.Min(UnpackedBlock.Groups, columns / UnpackedBlock.GroupLength);
            if (groups < UnpackedBlock.Groups) new Span<byte>(unpacked, TileOutputs * sizeof(UnpackedBlock)).Clear();
            for (int i = 0; i < outputs; i++)
                UnpackedBlock.Unpack<TFormat, TBlock>((TBlock*)(weights + i * part.RowBytes), groups, unpacked + i);
            for (int column = 0; column < Columns; column++, target += GroupBytes)
                ByteVectors.Transpose((byte*)unpacked + column * VectorBytes, sizeof(UnpackedBlock), target);
            weights += UnpackedBlock.Length / TFormat.Length * sizeof(TBlock);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void AddGroup(byte* w, int group, InputBlock* x, int rows, float* sums)
    {
        byte* values = w + group * GroupBytes;
        Vector256<byte> w0 = Vector256.Load(values), w1 = Vector256.Load(values + 32), w2 = Vector256.Load(values + 64), w3 = Vector256.Load(values + 96);
        Vector256<byte> w4 = Vector256.Load(values + 128), w5 = Vector256.Load(values + 160), w6 = Vector256.Load(values + 192), w7 = Vector256.Load(values + 224);
        float* factors = (float*)(w + ScalesOffset + group * VectorBytes);
        sums += group * TileOutputs;
        for (; rows > 0; rows--, x++, sums += 8 * TileOutputs)
        {
            int* inputs = (int*)(x->Values + group * UnpackedBlock.GroupLength);
            var scale = Vector256.Create(x->Scales[group]);
            Vector256<float> sum = Vector256.Load(sums);
            if (TFormat.HasHalfScales)
            {
                Vector256<int> low = AddSteps(Step(w0, inputs, 0), Step(w1, inputs, 1), Step(w2, inputs, 2), Step(w3, inputs, 3));
                Vector256<int> high = AddSteps(Step(w4, inputs, 4), Step(w5, inputs, 5), Step(w6, inputs, 6), Step(w7, inputs, 7));
                sum = Lanes.MultiplyAdd(Vector256.ConvertToSingle(low), Factor(factors, 0) * scale, sum);
                sum = Lanes.MultiplyAdd(Vector256.ConvertToSingle(high), Factor(factors, 2) * scale, sum);
                sum = Lanes.MultiplyAdd(Factor(factors, 1), Vector256.Create(x->SumsLow[group]), sum);
                sum = Lanes.MultiplyAdd(Factor(factors, 3), Vector256.Create(x->SumsHigh[group]), sum);
            }
            else
            {
                Vector256<int> total = ExactAdditions >= 8
                    ? ByteVectors.AddPairs(
                        Step(w0, inputs, 0) + Step(w1, inputs, 1) + Step(w2, inputs, 2) + Step(w3, inputs, 3)
                        + (Step(w4, inputs, 4) + Step(w5, inputs, 5) + Step(w6, inputs, 6) + Step(w7, inputs, 7)))
                    : AddSteps(Step(w0, inputs, 0), Step(w1, inputs, 1), Step(w2, inputs, 2), Step(w3, inputs, 3))
                        + AddSteps(Step(w4, inputs, 4), Step(w5, inputs, 5), Step(w6, inputs, 6), Step(w7, inputs, 7));
                sum = Lanes.MultiplyAdd(Vector256.ConvertToSingle(total), Factor(factors, 0) * scale, sum);
                if (TFormat.HasOffsets) sum = Lanes.MultiplyAdd(Factor(factors, 1), Vector256.Create(x->Sums[group]), sum);
            }
            sum.Store(sums);
        }
    }

    /// <summary>Four inputs of a row, the same for all eight outputs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<short> Step(Vector256<byte> w, int* inputs, int step)
    {
        Vector256<sbyte> x = Vector256.Create(inputs[step]).AsSByte();
        return TFormat.IsSigned
            ? ByteVectors.MultiplyPairs(Vector256.Abs(w.AsSByte()).AsByte(), ByteVectors.WithSign(x, w.AsSByte()))
            : ByteVectors.MultiplyPairs(w, x);
    }

    /// <summary>Scales, offsets, and those of the second halves lie one after the other, eight groups each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<float> Factor(float* factors, int kind) => Vector256.Load(factors + kind * 8 * TileOutputs);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<int> AddSteps(Vector256<short> a, Vector256<short> b, Vector256<short> c, Vector256<short> d)
    {
        if (ExactAdditions >= 4) return ByteVectors.AddPairs(a + b + (c + d));
        if (ExactAdditions >= 2) return ByteVectors.AddPairs(a + b) + ByteVectors.AddPairs(c + d);
        return ByteVectors.AddPairs(a) + ByteVectors.AddPairs(b) + (ByteVectors.AddPairs(c) + ByteVectors.AddPairs(d));
    }

    static void StoreRow(in MatMulPart part, int row, int output, int outputs, float* sums)
    {
        Vector256<float> even = Group(sums, 0) + Group(sums, 4) + (Group(sums, 2) + Group(sums, 6));
        Vector256<float> odd = Group(sums, 1) + Group(sums, 5) + (Group(sums, 3) + Group(sums, 7));
        Vector256<float> total = even + odd;
        for (int i = 0; i < outputs; i++) part.Store(row, output + i, total.GetElement(i));
    }

    static Vector256<float> Group(float* sums, int group) => Vector256.Load(sums + group * TileOutputs);
}
