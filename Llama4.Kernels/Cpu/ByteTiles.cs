using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Llama4.Kernels.Cpu.Paths;
using Llama4.Kernels.Formats;

namespace Llama4.Kernels.Cpu;

/// <summary>
/// The way of <see cref="MatMulBytes{TFormat, TBlock, TOutputs}"/> for many rows: 16 weight rows are unpacked and interleaved so that the lanes are outputs,
/// then meet the rows of x in passes of 32 and tiles of 4.
/// </summary>
/// <remarks>AggressiveOptimization keeps profile-guided recompilation away: it made these loops up to four times slower (measured on .NET 10.0.12, Zen 3).</remarks>
static unsafe class ByteTiles<TFormat, TBlock, TOutputs>
    where TFormat : struct, IQuantisedFormat<TBlock>
    where TBlock : unmanaged
    where TOutputs : struct, IOutputs<TOutputs>
{
    public const int Outputs = 2 * Lanes.Count;

    // Rows that go through a block of weights together, so that interleaving it costs little; their sums stay in the nearest cache.
    const int PassRows = 32;

    // Interleaved: the integers, 4 inputs of sixteen weight rows to a step, eight steps to a group; then the scales and offsets of the first eight rows,
    // and those of the others.
    const int StepBytes = Outputs * sizeof(int);
    const int GroupBytes = 8 * StepBytes;
    const int FactorsOffset = Unpacking.Groups * GroupBytes;
    const int KindBytes = Interleaved.FactorFloats * sizeof(float);
    const int FactorBytes = Lanes.Count * sizeof(float);

    // From a row's block of inputs to the next row's.
    const int RowBytes = InputBlock.Bytes;
    const int RowFloats = RowBytes / sizeof(float);

    /// <summary>Whether weights that are moved up take the place of signed ones. (No format of signed bytes has scales for halves of groups.)</summary>
    public static bool IsMoved
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TFormat.IsSigned && TOutputs.MovesSigned;
    }

    // Eight weight rows as columns, or as integers that are not yet interleaved.
    static int IntegerBytes
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Math.Max(Interleaved.Rows * Unpacking.Length, Interleaved.UnitBytes<TFormat, TBlock>());
    }

    /// <summary>Bytes of the factors of eight rows.</summary>
    static int FactorsBytes
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (TFormat.HasHalfScales ? 4 : TFormat.HasOffsets ? 2 : 1) * KindBytes;
    }

    /// <summary>Steps of four inputs that share a scale.</summary>
    static int Steps
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => TFormat.HasHalfScales ? 4 : 8;
    }

    /// <summary>Steps whose sums of two products fit into 16 bits together: 8, 4, 2 or 1.</summary>
    static int ExactSteps
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            int sum = TOutputs.LargestSum / (2 * InputBlock.Largest);
            return Steps == 8 && TFormat.Largest <= sum / 8 ? 8 : TFormat.Largest <= sum / 4 ? 4 : TFormat.Largest <= sum / 2 ? 2 : 1;
        }
    }

    public static int ScratchBytes => IntegerBytes + FactorsOffset + 2 * FactorsBytes + Unpacking.Groups * GroupSums(PassRows) * sizeof(float);

    /// <summary>
    /// The sums are [group][row][output], with a row to spare: groups that are a multiple of 4096 bytes apart would wait for each other's stores.
    /// </summary>
    static int GroupSums(int rows) => ((rows + 3) / 4 * 4 + 1) * Outputs;

    public static void Run(in MatMulPart part, MatMulInput input, int from, int to, byte* scratch)
    {
        for (int output = from; output < to; output += Outputs)
        {
            int next = Math.Min(to, output + Outputs);
            var ahead = new ReadAhead(part.Weights + next * part.RowBytes, 1, 0, (Math.Min(to, next + Outputs) - next) * part.RowBytes);
            ahead.Share((part.Rows + PassRows - 1) / PassRows * input.Blocks * Unpacking.Groups);
            for (int row = 0; row < part.Rows; row += PassRows)
                RunPass(part, input, output, next - output, row, Math.Min(PassRows, part.Rows - row), ref ahead, scratch);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void RunPass(in MatMulPart part, MatMulInput input, int output, int outputs, int row, int rows, ref ReadAhead ahead, byte* scratch)
    {
        byte* interleaved = scratch + IntegerBytes;
        float* sums = (float*)(interleaved + FactorsOffset + 2 * FactorsBytes);
        int first = Math.Min(outputs, Lanes.Count), second = outputs - first;
        int groupSums = GroupSums(rows);
        new Span<float>(sums, Unpacking.Groups * groupSums).Clear();
        byte* weights = part.Weights + output * part.RowBytes;
        int unitBytes = Interleaved.UnitBytes<TFormat, TBlock>() / (part.Repacked ? 1 : Interleaved.Rows);
        for (int block = 0; block < input.Blocks; block++, weights += unitBytes)
        {
            int groups = Math.Min(Unpacking.Groups, input.Columns / Unpacking.GroupLength - block * Unpacking.Groups);
            InputBlock* x = input.Block(block, part.FirstRow + row), next = input.Block(Math.Min(block + 1, input.Blocks - 1), part.FirstRow + row);
            Interleave(weights, part.Repacked, part.RowBytes, first, groups, scratch, interleaved, interleaved + FactorsOffset);
            Interleave(weights + Lanes.Count * part.RowBytes, part.Repacked, part.RowBytes, second, groups, scratch,
                interleaved + StepBytes / 2, interleaved + FactorsOffset + FactorsBytes);
            for (int group = 0; group < Unpacking.Groups; group++)
            {
                ahead.Touch();
                PrefetchPart(next, rows, group);
                AddGroup(interleaved, group, x, rows, sums + group * groupSums);
            }
        }
        for (int r = 0; r < rows; r++)
        {
            StoreRow(part, row + r, output, first, sums + r * Outputs, groupSums);
            StoreRow(part, row + r, output + Lanes.Count, second, sums + r * Outputs + Lanes.Count, groupSums);
        }
    }

    /// <summary>A block of up to eight weight rows. What stands for missing rows and groups does not matter: their factors are 0.</summary>
    /// <param name="target">The integers of the first step; those of the next are <see cref="StepBytes"/> further.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Interleave(byte* weights, bool repacked, long rowBytes, int rows, int groups, byte* integers, byte* target, byte* factors)
    {
        bool isWhole = rows == Interleaved.Rows && groups == Unpacking.Groups;
        if (TFormat.HasColumns && isWhole)
        {
            var columns = (int*)(repacked ? weights : integers);
            if (!repacked) TFormat.ToColumns((TBlock*)weights, rowBytes, columns);
            Unpack(columns, target);
            TFormat.ColumnFactors(columns, (float*)factors);
            return;
        }
        const int Signs = unchecked((int)0x80808080);
        bool areBytes = TFormat.HasBytes && isWhole;
        if (!areBytes)
            for (int row = 0; row < rows; row++)
                Unpacking.Integers<TFormat, TBlock>((TBlock*)(weights + row * rowBytes), groups, integers + row * Unpacking.Length);
        for (int group = 0; group < Unpacking.Groups; group++, target += GroupBytes)
        {
            byte* source = areBytes ? TFormat.Bytes((TBlock*)weights, group) : integers + group * Unpacking.GroupLength;
            Interleaved.ToColumns(source, areBytes ? rowBytes : Unpacking.Length, (int*)target, 8, Outputs, IsMoved ? Signs : 0);
        }
        Interleaved.Factors<TFormat, TBlock>((TBlock*)weights, rowBytes, rows, groups, (float*)factors);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Unpack(int* columns, byte* target)
    {
        for (int group = 0; group < Unpacking.Groups; group++, target += GroupBytes)
        {
            TFormat.ColumnIntegers(columns, group, 0).Store(target);
            TFormat.ColumnIntegers(columns, group, 1).Store(target + StepBytes);
            TFormat.ColumnIntegers(columns, group, 2).Store(target + 2 * StepBytes);
            TFormat.ColumnIntegers(columns, group, 3).Store(target + 3 * StepBytes);
            TFormat.ColumnIntegers(columns, group, 4).Store(target + 4 * StepBytes);
            TFormat.ColumnIntegers(columns, group, 5).Store(target + 5 * StepBytes);
            TFormat.ColumnIntegers(columns, group, 6).Store(target + 6 * StepBytes);
            TFormat.ColumnIntegers(columns, group, 7).Store(target + 7 * StepBytes);
        }
    }

    /// <summary>Adds the products of a group for all rows of a pass.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void AddGroup(byte* w, int group, InputBlock* x, int rows, float* sums)
    {
        byte* values = w + group * GroupBytes, factors = w + FactorsOffset + group * FactorBytes;
        byte* inputs = (byte*)x + group * Unpacking.GroupLength;
        float* scales = x->Scales + group;
        if (TFormat.HasHalfScales)
        {
            AddRows(values, factors, inputs, scales, InputBlock.SumsLowAfterScales, rows, sums);
            AddRows(values + 4 * StepBytes, factors + 2 * KindBytes, inputs + 16, scales, InputBlock.SumsHighAfterScales, rows, sums);
        }
        else
        {
            AddRows(values, factors, inputs, scales, InputBlock.SumsAfterScales, rows, sums);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void AddRows(byte* w, byte* factors, byte* inputs, float* scales, int inputSum, int rows, float* sums)
    {
        // The last tile may reach beyond the last row: what it adds there is not used.
        for (; rows > 2; rows -= 4, inputs += 4 * RowBytes, scales += 4 * RowFloats, sums += 4 * Outputs)
            if (ExactSteps == Steps) AddExactFour(w, factors, inputs, scales, inputSum, sums);
            else AddFour(w, factors, inputs, scales, inputSum, sums);
        if (rows <= 0) return;
        if (ExactSteps == Steps) AddExactTwo(w, factors, inputs, scales, inputSum, sums);
        else AddTwo(w, factors, inputs, scales, inputSum, sums);
    }

    /// <summary>Adds the products of a group, or of half of one, for four rows.</summary>
    /// <param name="factors">Scales of the first eight outputs; their offsets follow, and the factors of the others.</param>
    /// <param name="inputs">The group's integers in the first row.</param>
    /// <param name="scales">Its scale there.</param>
    /// <param name="inputSum">How many floats further the sum of the inputs stands.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void AddFour(byte* w, byte* factors, byte* inputs, float* scales, int inputSum, float* sums)
    {
        TOutputs s0 = default, s1 = default, s2 = default, s3 = default;
        for (int step = 0; step < Steps; step += ExactSteps, w += ExactSteps * StepBytes, inputs += ExactSteps * sizeof(int))
        {
            s0 = TOutputs.Add(s0, ExactTotal(w, inputs));
            s1 = TOutputs.Add(s1, ExactTotal(w, inputs + RowBytes));
            s2 = TOutputs.Add(s2, ExactTotal(w, inputs + 2 * RowBytes));
            s3 = TOutputs.Add(s3, ExactTotal(w, inputs + 3 * RowBytes));
        }
        TOutputs scale = Scales(factors), offset = Offsets(factors);
        AddScaled(s0, scale, offset, scales, inputSum, sums);
        AddScaled(s1, scale, offset, scales + RowFloats, inputSum, sums + Outputs);
        AddScaled(s2, scale, offset, scales + 2 * RowFloats, inputSum, sums + 2 * Outputs);
        AddScaled(s3, scale, offset, scales + 3 * RowFloats, inputSum, sums + 3 * Outputs);
    }

    /// <summary>The same for two rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void AddTwo(byte* w, byte* factors, byte* inputs, float* scales, int inputSum, float* sums)
    {
        TOutputs s0 = default, s1 = default;
        for (int step = 0; step < Steps; step += ExactSteps, w += ExactSteps * StepBytes, inputs += ExactSteps * sizeof(int))
        {
            s0 = TOutputs.Add(s0, ExactTotal(w, inputs));
            s1 = TOutputs.Add(s1, ExactTotal(w, inputs + RowBytes));
        }
        TOutputs scale = Scales(factors), offset = Offsets(factors);
        AddScaled(s0, scale, offset, scales, inputSum, sums);
        AddScaled(s1, scale, offset, scales + RowFloats, inputSum, sums + Outputs);
    }

    /// <summary>Two rows where the sums hold all steps.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void AddExactTwo(byte* w, byte* factors, byte* inputs, float* scales, int inputSum, float* sums)
    {
        TOutputs s0 = Start(scales), s1 = Start(scales + RowFloats);
        for (nint at = 0; at < Steps * sizeof(int); at += sizeof(int))
        {
            TOutputs weights = TOutputs.Load(w + StepBytes / sizeof(int) * at);
            s0 = AddProducts(s0, weights, inputs + at);
            s1 = AddProducts(s1, weights, inputs + at + RowBytes);
        }
        TOutputs scale = Scales(factors), offset = Offsets(factors);
        AddScaled(TOutputs.Total(s0), scale, offset, scales, inputSum, sums);
        AddScaled(TOutputs.Total(s1), scale, offset, scales + RowFloats, inputSum, sums + Outputs);
    }

    /// <summary>Four rows where the sums hold all steps.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void AddExactFour(byte* w, byte* factors, byte* inputs, float* scales, int inputSum, float* sums)
    {
        TOutputs s0 = Start(scales), s1 = Start(scales + RowFloats), s2 = Start(scales + 2 * RowFloats), s3 = Start(scales + 3 * RowFloats);
        // Two steps a turn: the counter counts bytes of inputs, so that it is an index to both sides.
        for (nint at = 0; at < Steps * sizeof(int); at += 2 * sizeof(int))
        {
            byte* step = w + StepBytes / sizeof(int) * at;
            TOutputs weights = TOutputs.Load(step);
            s0 = AddProducts(s0, weights, inputs + at);
            s1 = AddProducts(s1, weights, inputs + at + RowBytes);
            s2 = AddProducts(s2, weights, inputs + at + 2 * RowBytes);
            s3 = AddProducts(s3, weights, inputs + at + 3 * RowBytes);
            weights = TOutputs.Load(step + StepBytes);
            s0 = AddProducts(s0, weights, inputs + at + sizeof(int));
            s1 = AddProducts(s1, weights, inputs + at + sizeof(int) + RowBytes);
            s2 = AddProducts(s2, weights, inputs + at + sizeof(int) + 2 * RowBytes);
            s3 = AddProducts(s3, weights, inputs + at + sizeof(int) + 3 * RowBytes);
        }
        TOutputs scale = Scales(factors), offset = Offsets(factors);
        AddScaled(TOutputs.Total(s0), scale, offset, scales, inputSum, sums);
        AddScaled(TOutputs.Total(s1), scale, offset, scales + RowFloats, inputSum, sums + Outputs);
        AddScaled(TOutputs.Total(s2), scale, offset, scales + 2 * RowFloats, inputSum, sums + 2 * Outputs);
        AddScaled(TOutputs.Total(s3), scale, offset, scales + 3 * RowFloats, inputSum, sums + 3 * Outputs);
    }

    /// <summary>As many steps of one row as the sums hold. The weights' vectors are the same for all rows of a tile and stay in registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static TOutputs ExactTotal(byte* w, byte* inputs)
    {
        TOutputs sums = AddProducts(default, TOutputs.Load(w), inputs);
        if (ExactSteps >= 2) sums = AddProducts(sums, TOutputs.Load(w + StepBytes), inputs + 4);
        if (ExactSteps >= 4)
        {
            sums = AddProducts(sums, TOutputs.Load(w + 2 * StepBytes), inputs + 8);
            sums = AddProducts(sums, TOutputs.Load(w + 3 * StepBytes), inputs + 12);
        }
        return TOutputs.Total(sums);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static TOutputs AddProducts(TOutputs sums, TOutputs weights, byte* inputs) => TOutputs.AddProducts(sums, weights, inputs, TFormat.IsSigned && !IsMoved);

    /// <summary>What the sums of a row begin with.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static TOutputs Start(float* scales) => IsMoved ? TOutputs.Create(*(int*)(scales + InputBlock.MovedSumsAfterScales)) : default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static TOutputs Scales(byte* factors) => TOutputs.Load(factors, FactorsBytes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static TOutputs Offsets(byte* factors) => TFormat.HasOffsets ? TOutputs.Load(factors + KindBytes, FactorsBytes) : default;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void AddScaled(TOutputs integers, TOutputs scale, TOutputs offset, float* scales, int inputSum, float* sums)
    {
        TOutputs sum = TOutputs.AddScaled(integers, scale, scales, sums);
        if (TFormat.HasOffsets) sum = TOutputs.AddOffsets(sum, offset, scales + inputSum);
        TOutputs.Store(sum, sums);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void StoreRow(in MatMulPart part, int row, int output, int outputs, float* sums, int groupSums)
    {
        Vector256<float> total = Lanes.SumOfEight(sums, groupSums);
        if (outputs == Lanes.Count) part.Store(row, output, total);
        else
            for (int i = 0; i < outputs; i++) part.Store(row, output + i, total.GetElement(i));
    }

    /// <summary>An eighth of some rows, into the nearest cache: rows of one block lie together, but not with those of the next.</summary>
    static void PrefetchPart(InputBlock* x, int rows, int part)
    {
        int bytes = rows * sizeof(InputBlock) / Unpacking.Groups;
        for (byte* line = (byte*)x + part * bytes, end = line + bytes; line < end; line += Prefetch.CacheLine) Prefetch.Near(line);
    }
}
