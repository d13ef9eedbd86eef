using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Llama4.Kernels.Formats;

namespace Llama4.Kernels.Cpu;

/// <summary>
/// The way of <see cref="MatMulBytes{TFormat, TBlock}"/> for many rows: 16 weight rows are unpacked and interleaved so that the lanes are outputs,
/// then meet the rows of x in passes of 64 and tiles of 4.
/// </summary>
/// <remarks>AggressiveOptimization keeps profile-guided recompilation away: it made these loops up to four times slower (measured on .NET 10.0.12, Zen 3).</remarks>
static unsafe class ByteTiles<TFormat, TBlock>
    where TFormat : struct, IQuantisedFormat<TBlock>
    where TBlock : unmanaged
{
    public const int Outputs = 2 * Lanes.Count;

    // Rows that go through a block of weights together, so that interleaving it costs little; their sums stay in the nearest cache.
    const int PassRows = 32;

    // Interleaved: a vector for each 4 inputs of eight weight rows, eight to a group, then their scales and offsets, a group's worth of each.
    const int VectorBytes = 32;
    const int GroupBytes = Interleaved.GroupBytes;
    const int FactorsOffset = Unpacking.Groups * GroupBytes;

    // From a row's block of inputs to the next row's.
    const int RowBytes = InputBlock.Bytes;
    const int RowFloats = RowBytes / sizeof(float);

    // Integers of eight weight rows, before they are interleaved.
    const int IntegerBytes = Interleaved.Rows * Unpacking.Length;

    static int InterleavedBytes
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => FactorsOffset + (TFormat.HasHalfScales ? 4 : TFormat.HasOffsets ? 2 : 1) * GroupBytes;
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
            const int Sum = short.MaxValue / (2 * InputBlock.Largest);
            return Steps == 8 && TFormat.Largest <= Sum / 8 ? 8 : TFormat.Largest <= Sum / 4 ? 4 : TFormat.Largest <= Sum / 2 ? 2 : 1;
        }
    }

    public static int ScratchBytes => IntegerBytes + 2 * InterleavedBytes + Unpacking.Groups * GroupSums(PassRows) * sizeof(float);

    /// <summary>
    /// The sums are [group][row][output], with a row to spare: groups that are a multiple of 4096 bytes apart would wait for each other's stores.
    /// </summary>
    static int GroupSums(int rows) => ((rows + 3) / 4 * 4 + 1) * Outputs;

    public static void Run(in MatMulPart part, MatMulInput input, int from, int to, byte* scratch)
    {
        for (int output = from; output < to; output += Outputs)
        {
            int next = Math.Min(to, output + Outputs);
            var ahead = new ReadAhead(part.Weights + next * part.RowBytes, part.Weights + Math.Min(to, next + Outputs) * part.RowBytes);
            ahead.Share((part.Rows + PassRows - 1) / PassRows * input.Blocks * Unpacking.Groups);
            for (int row = 0; row < part.Rows; row += PassRows)
                RunPass(part, input, output, next - output, row, Math.Min(PassRows, part.Rows - row), ref ahead, scratch);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void RunPass(in MatMulPart part, MatMulInput input, int output, int outputs, int row, int rows, ref ReadAhead ahead, byte* scratch)
    {
        byte* interleaved = scratch + IntegerBytes;
        float* sums = (float*)(interleaved + 2 * InterleavedBytes);
        int first = Math.Min(outputs, Lanes.Count), second = outputs - first;
        int groupSums = GroupSums(rows);
        new Span<float>(sums, Unpacking.Groups * groupSums).Clear();
        byte* weights = part.Weights + output * part.RowBytes;
        for (int block = 0; block < input.Blocks; block++, weights += Unpacking.Length / TFormat.Length * sizeof(TBlock))
        {
            int groups = Math.Min(Unpacking.Groups, input.Columns / Unpacking.GroupLength - block * Unpacking.Groups);
            InputBlock* x = input.Block(block, part.FirstRow + row), next = input.Block(Math.Min(block + 1, input.Blocks - 1), part.FirstRow + row);
            Interleave(weights, part.RowBytes, first, groups, scratch, interleaved);
            Interleave(weights + Lanes.Count * part.RowBytes, part.RowBytes, second, groups, scratch, interleaved + InterleavedBytes);
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
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Interleave(byte* weights, long rowBytes, int rows, int groups, byte* integers, byte* target)
    {
        if (rows == Interleaved.Rows && groups == Unpacking.Groups && TFormat.TryInterleaveEight((TBlock*)weights, rowBytes, target, (float*)(target + FactorsOffset))) return;
        for (int row = 0; row < rows; row++)
            Unpacking.Integers<TFormat, TBlock>((TBlock*)(weights + row * rowBytes), groups, integers + row * Unpacking.Length);
        for (int group = 0; group < Unpacking.Groups; group++)
            Interleaved.Transpose(integers + group * VectorBytes, Unpacking.Length, target + group * GroupBytes);
        Interleaved.Factors<TFormat, TBlock>((TBlock*)weights, rowBytes, rows, groups, (float*)(target + FactorsOffset));
    }

    /// <summary>Adds the products of a group for all rows of a pass.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void AddGroup(byte* w, int group, InputBlock* x, int rows, float* sums)
    {
        byte* values = w + group * GroupBytes, factors = w + FactorsOffset + group * VectorBytes;
        byte* inputs = (byte*)x + group * Unpacking.GroupLength;
        float* scales = x->Scales + group;
        if (TFormat.HasHalfScales)
        {
            AddRows(values, factors, inputs, scales, InputBlock.SumsLowAfterScales, rows, sums);
            AddRows(values + 4 * VectorBytes, factors + 2 * GroupBytes, inputs + 16, scales, InputBlock.SumsHighAfterScales, rows, sums);
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

    /// <summary>Adds the products of a group, or of half of one, for outputs a and b, eight each, and four rows.</summary>
    /// <param name="w">Values of the outputs a; those of b are one interleaved block further.</param>
    /// <param name="factors">Their scales; the offsets follow.</param>
    /// <param name="inputs">The group's integers in the first row.</param>
    /// <param name="scales">Its scale there.</param>
    /// <param name="inputSum">How many floats further the sum of the inputs stands.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void AddFour(byte* w, byte* factors, byte* inputs, float* scales, int inputSum, float* sums)
    {
        Vector256<int> a0 = default, a1 = default, a2 = default, a3 = default, b0 = default, b1 = default, b2 = default, b3 = default;
        for (int step = 0; step < Steps; step += ExactSteps, w += ExactSteps * VectorBytes, inputs += ExactSteps * sizeof(int))
        {
            AddRow(w, inputs, 0, ref a0, ref b0);
            AddRow(w, inputs, 1, ref a1, ref b1);
            AddRow(w, inputs, 2, ref a2, ref b2);
            AddRow(w, inputs, 3, ref a3, ref b3);
        }
        AddScaled(a0, b0, factors, scales, inputSum, sums);
        AddScaled(a1, b1, factors, scales + RowFloats, inputSum, sums + Outputs);
        AddScaled(a2, b2, factors, scales + 2 * RowFloats, inputSum, sums + 2 * Outputs);
        AddScaled(a3, b3, factors, scales + 3 * RowFloats, inputSum, sums + 3 * Outputs);
    }

    /// <summary>The same for two rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void AddTwo(byte* w, byte* factors, byte* inputs, float* scales, int inputSum, float* sums)
    {
        Vector256<int> a0 = default, a1 = default, b0 = default, b1 = default;
        for (int step = 0; step < Steps; step += ExactSteps, w += ExactSteps * VectorBytes, inputs += ExactSteps * sizeof(int))
        {
            AddRow(w, inputs, 0, ref a0, ref b0);
            AddRow(w, inputs, 1, ref a1, ref b1);
        }
        AddScaled(a0, b0, factors, scales, inputSum, sums);
        AddScaled(a1, b1, factors, scales + RowFloats, inputSum, sums + Outputs);
    }

    /// <summary>Two rows where all steps fit into 16-bit sums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void AddExactTwo(byte* w, byte* factors, byte* inputs, float* scales, int inputSum, float* sums)
    {
        Vector256<short> c0 = default, c1 = default, d0 = default, d1 = default;
        for (nint at = 0; at < Steps * sizeof(int); at += sizeof(int))
        {
            byte* step = w + VectorBytes / sizeof(int) * at;
            Vector256<byte> a = Vector256.Load(step), b = Vector256.Load(step + InterleavedBytes);
            var x = Vector256.Create(*(int*)(inputs + at));
            c0 += Multiply(a, x);
            d0 += Multiply(b, x);
            x = Vector256.Create(*(int*)(inputs + at + RowBytes));
            c1 += Multiply(a, x);
            d1 += Multiply(b, x);
        }
        AddScaled(ByteVectors.AddPairs(c0), ByteVectors.AddPairs(d0), factors, scales, inputSum, sums);
        AddScaled(ByteVectors.AddPairs(c1), ByteVectors.AddPairs(d1), factors, scales + RowFloats, inputSum, sums + Outputs);
    }

    /// <summary>Four rows where all steps fit into 16-bit sums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void AddExactFour(byte* w, byte* factors, byte* inputs, float* scales, int inputSum, float* sums)
    {
        Vector256<short> c0 = default, c1 = default, c2 = default, c3 = default, d0 = default, d1 = default, d2 = default, d3 = default;
        // Two steps a turn: the counter counts bytes of inputs, so that it is an index to both sides.
        for (nint at = 0; at < Steps * sizeof(int); at += 2 * sizeof(int))
        {
            byte* step = w + VectorBytes / sizeof(int) * at;
            Vector256<byte> a = Vector256.Load(step), b = Vector256.Load(step + InterleavedBytes);
            Vector256<int> x = Vector256.Create(*(int*)(inputs + at));
            c0 += Multiply(a, x);
            d0 += Multiply(b, x);
            x = Vector256.Create(*(int*)(inputs + at + RowBytes));
            c1 += Multiply(a, x);
            d1 += Multiply(b, x);
            x = Vector256.Create(*(int*)(inputs + at + 2 * RowBytes));
            c2 += Multiply(a, x);
            d2 += Multiply(b, x);
            x = Vector256.Create(*(int*)(inputs + at + 3 * RowBytes));
            c3 += Multiply(a, x);
            d3 += Multiply(b, x);
            a = Vector256.Load(step + VectorBytes);
            b = Vector256.Load(step + VectorBytes + InterleavedBytes);
            x = Vector256.Create(*(int*)(inputs + at + sizeof(int)));
            c0 += Multiply(a, x);
            d0 += Multiply(b, x);
            x = Vector256.Create(*(int*)(inputs + at + sizeof(int) + RowBytes));
            c1 += Multiply(a, x);
            d1 += Multiply(b, x);
            x = Vector256.Create(*(int*)(inputs + at + sizeof(int) + 2 * RowBytes));
            c2 += Multiply(a, x);
            d2 += Multiply(b, x);
            x = Vector256.Create(*(int*)(inputs + at + sizeof(int) + 3 * RowBytes));
            c3 += Multiply(a, x);
            d3 += Multiply(b, x);
        }
        AddScaled(ByteVectors.AddPairs(c0), ByteVectors.AddPairs(d0), factors, scales, inputSum, sums);
        AddScaled(ByteVectors.AddPairs(c1), ByteVectors.AddPairs(d1), factors, scales + RowFloats, inputSum, sums + Outputs);
        AddScaled(ByteVectors.AddPairs(c2), ByteVectors.AddPairs(d2), factors, scales + 2 * RowFloats, inputSum, sums + 2 * Outputs);
        AddScaled(ByteVectors.AddPairs(c3), ByteVectors.AddPairs(d3), factors, scales + 3 * RowFloats, inputSum, sums + 3 * Outputs);
    }

    /// <summary>As many steps of one row as go together exactly. The weights' vectors are the same for all rows of a tile and stay in registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void AddRow(byte* w, byte* inputs, int row, ref Vector256<int> a, ref Vector256<int> b)
    {
        var x = Vector256.Create(*(int*)(inputs + row * RowBytes));
        Vector256<short> c = Multiply(Vector256.Load(w), x), d = Multiply(Vector256.Load(w + InterleavedBytes), x);
        if (ExactSteps >= 2)
        {
            x = Vector256.Create(*(int*)(inputs + row * RowBytes + 4));
            c += Multiply(Vector256.Load(w + VectorBytes), x);
            d += Multiply(Vector256.Load(w + VectorBytes + InterleavedBytes), x);
        }
        if (ExactSteps >= 4)
        {
            x = Vector256.Create(*(int*)(inputs + row * RowBytes + 8));
            c += Multiply(Vector256.Load(w + 2 * VectorBytes), x);
            d += Multiply(Vector256.Load(w + 2 * VectorBytes + InterleavedBytes), x);
            x = Vector256.Create(*(int*)(inputs + row * RowBytes + 12));
            c += Multiply(Vector256.Load(w + 3 * VectorBytes), x);
            d += Multiply(Vector256.Load(w + 3 * VectorBytes + InterleavedBytes), x);
        }
        a += ByteVectors.AddPairs(c);
        b += ByteVectors.AddPairs(d);
    }

    /// <param name="x">Four inputs of a row, the same for all outputs.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<short> Multiply(Vector256<byte> w, Vector256<int> x) => TFormat.IsSigned
        ? ByteVectors.MultiplyPairs(Vector256.Abs(w.AsSByte()).AsByte(), ByteVectors.WithSign(x.AsSByte(), w.AsSByte()))
        : ByteVectors.MultiplyPairs(w, x.AsSByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void AddScaled(Vector256<int> a, Vector256<int> b, byte* factors, float* scales, int inputSum, float* sums)
    {
        var scale = Vector256.Create(scales[0]);
        Vector256<float> sumA = Lanes.MultiplyAdd(Vector256.ConvertToSingle(a), Vector256.Load((float*)factors) * scale, Vector256.Load(sums));
        Vector256<float> sumB = Lanes.MultiplyAdd(
            Vector256.ConvertToSingle(b), Vector256.Load((float*)(factors + InterleavedBytes)) * scale, Vector256.Load(sums + Lanes.Count));
        if (TFormat.HasOffsets)
        {
            var input = Vector256.Create(scales[inputSum]);
            sumA = Lanes.MultiplyAdd(Vector256.Load((float*)(factors + GroupBytes)), input, sumA);
            sumB = Lanes.MultiplyAdd(Vector256.Load((float*)(factors + InterleavedBytes + GroupBytes)), input, sumB);
        }
        sumA.Store(sums);
        sumB.Store(sums + Lanes.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void StoreRow(in MatMulPart part, int row, int output, int outputs, float* sums, int groupSums)
    {
        Vector256<float> even = Sum(sums, 0, groupSums) + Sum(sums, 4, groupSums) + (Sum(sums, 2, groupSums) + Sum(sums, 6, groupSums));
        Vector256<float> odd = Sum(sums, 1, groupSums) + Sum(sums, 5, groupSums) + (Sum(sums, 3, groupSums) + Sum(sums, 7, groupSums));
        Vector256<float> total = even + odd;
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

    static Vector256<float> Sum(float* sums, int group, int groupSums) => Vector256.Load(sums + group * groupSums);
}
