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

    const int TileRows = 4;

    // Rows that go through a block of weights together, so that interleaving it costs little. Their sums are [group][row][output].
    const int PassRows = 64;
    const int GroupSums = PassRows * Outputs;
    const int Sums = Unpacking.Groups * GroupSums;

    // Interleaved: a vector for each 4 inputs of eight weight rows, eight to a group, then their scales and offsets, a group's worth of each.
    const int VectorBytes = 32;
    const int GroupBytes = 8 * VectorBytes;
    const int FactorsOffset = 8 * GroupBytes;

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
            const int Sum = short.MaxValue / (2 * 127);
            return Steps == 8 && TFormat.Largest <= Sum / 8 ? 8 : TFormat.Largest <= Sum / 4 ? 4 : TFormat.Largest <= Sum / 2 ? 2 : 1;
        }
    }

    public static int ScratchBytes => IntegerBytes + 2 * InterleavedBytes + Sums * sizeof(float);

    public static void Run(in MatMulPart part, MatMulInput input, int from, int to, byte* scratch)
    {
        for (int output = from; output < to; output += Outputs)
        {
            int next = Math.Min(to, output + Outputs);
            var ahead = new ReadAhead(part.Weights + next * part.RowBytes, part.Weights + Math.Min(to, next + Outputs) * part.RowBytes);
            ahead.Share((part.Rows + PassRows - 1) / PassRows * input.Blocks);
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
        new Span<float>(sums, Sums).Clear();
        byte* weights = part.Weights + output * part.RowBytes;
        for (int block = 0; block < input.Blocks; block++, weights += Unpacking.Length / TFormat.Length * sizeof(TBlock))
        {
            int groups = Math.Min(Unpacking.Groups, input.Columns / Unpacking.GroupLength - block * Unpacking.Groups);
            InputBlock* x = input.Block(block, part.FirstRow + row), next = input.Block(Math.Min(block + 1, input.Blocks - 1), part.FirstRow + row);
            ahead.Touch();
            Interleave(weights, part.RowBytes, first, groups, scratch, interleaved);
            Interleave(weights + Lanes.Count * part.RowBytes, part.RowBytes, second, groups, scratch, interleaved + InterleavedBytes);
            for (int group = 0; group < Unpacking.Groups; group++)
            {
                PrefetchPart(next, rows, group);
                AddGroup(interleaved, group, x, rows, sums);
            }
        }
        for (int r = 0; r < rows; r++)
        {
            StoreRow(part, row + r, output, first, sums + r * Outputs);
            StoreRow(part, row + r, output + Lanes.Count, second, sums + r * Outputs + Lanes.Count);
        }
    }

    /// <summary>A block of up to eight weight rows. What stands for missing rows and groups does not matter: their factors are 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Interleave(byte* weights, long rowBytes, int rows, int groups, byte* integers, byte* target)
    {
        for (int row = 0; row < rows; row++)
            Unpacking.Integers<TFormat, TBlock>((TBlock*)(weights + row * rowBytes), groups, integers + row * Unpacking.Length);
        for (int group = 0; group < Unpacking.Groups; group++)
            Interleaved.Transpose(integers + group * VectorBytes, Unpacking.Length, target + group * GroupBytes);
        Interleaved.Factors<TFormat, TBlock>((TBlock*)weights, rowBytes, rows, groups, (float*)(target + FactorsOffset));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void AddGroup(byte* w, int group, InputBlock* x, int rows, float* sums)
    {
        byte* factors = w + FactorsOffset + group * VectorBytes;
        byte* values = w + group * GroupBytes;
        sums += group * GroupSums;
        for (int row = 0; row < rows; row += TileRows, sums += TileRows * Outputs)
        {
            // Rows beyond the last one repeat it; their sums are not used.
            int last = rows - 1;
            InputBlock* x0 = x + row, x1 = x + Math.Min(row + 1, last), x2 = x + Math.Min(row + 2, last), x3 = x + Math.Min(row + 3, last);
            if (TFormat.HasHalfScales)
            {
                AddTile(values, factors, x0, x1, x2, x3, 2 * group, x0->SumsLow + group - (float*)x0, sums);
                AddTile(values + 4 * VectorBytes, factors + 2 * GroupBytes, x0, x1, x2, x3, 2 * group + 1, x0->SumsHigh + group - (float*)x0, sums);
            }
            else
            {
                AddTile(values, factors, x0, x1, x2, x3, 2 * group, x0->Sums + group - (float*)x0, sums);
            }
        }
    }

    /// <summary>Adds the products of a group, or of half of one, for outputs a and b, eight each, and 4 rows.</summary>
    /// <param name="w">Values of the outputs a; those of b are one interleaved block further.</param>
    /// <param name="factors">Their scales; the offsets follow.</param>
    /// <param name="half">Which 16 inputs of the block come first.</param>
    /// <param name="inputSum">Place of the group's sum in an input block, in floats.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void AddTile(byte* w, byte* factors, InputBlock* x0, InputBlock* x1, InputBlock* x2, InputBlock* x3, int half, long inputSum, float* sums)
    {
        int* i0 = (int*)x0 + 4 * half, i1 = (int*)x1 + 4 * half, i2 = (int*)x2 + 4 * half, i3 = (int*)x3 + 4 * half;
        Vector256<int> a0 = default, a1 = default, a2 = default, a3 = default, b0 = default, b1 = default, b2 = default, b3 = default;
        if (ExactSteps == Steps)
        {
            AddSteps(w, i0, i1, i2, i3, ref a0, ref a1, ref a2, ref a3, ref b0, ref b1, ref b2, ref b3);
        }
        else
        {
            for (int step = 0; step < Steps; step += ExactSteps, w += ExactSteps * VectorBytes)
            {
                AddRow(w, i0 + step, ref a0, ref b0);
                AddRow(w, i1 + step, ref a1, ref b1);
                AddRow(w, i2 + step, ref a2, ref b2);
                AddRow(w, i3 + step, ref a3, ref b3);
            }
        }
        int group = half >> 1;
        AddScaled(a0, b0, factors, Vector256.Create(x0->Scales[group]), Vector256.Create(((float*)x0)[inputSum]), sums);
        AddScaled(a1, b1, factors, Vector256.Create(x1->Scales[group]), Vector256.Create(((float*)x1)[inputSum]), sums + Outputs);
        AddScaled(a2, b2, factors, Vector256.Create(x2->Scales[group]), Vector256.Create(((float*)x2)[inputSum]), sums + 2 * Outputs);
        AddScaled(a3, b3, factors, Vector256.Create(x3->Scales[group]), Vector256.Create(((float*)x3)[inputSum]), sums + 3 * Outputs);
    }

    /// <summary>All steps in 16-bit sums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void AddSteps(
        byte* w, int* i0, int* i1, int* i2, int* i3,
        ref Vector256<int> a0, ref Vector256<int> a1, ref Vector256<int> a2, ref Vector256<int> a3,
        ref Vector256<int> b0, ref Vector256<int> b1, ref Vector256<int> b2, ref Vector256<int> b3)
    {
        Vector256<short> c0 = default, c1 = default, c2 = default, c3 = default, d0 = default, d1 = default, d2 = default, d3 = default;
        // Two steps a turn: the counter counts bytes of inputs, so that it is an index to both sides.
        for (nint at = 0; at < Steps * sizeof(int); at += 2 * sizeof(int))
        {
            byte* step = w + VectorBytes / sizeof(int) * at;
            Vector256<byte> a = Vector256.Load(step), b = Vector256.Load(step + InterleavedBytes);
            var x = Vector256.Create(*(int*)((byte*)i0 + at));
            c0 += Multiply(a, x);
            d0 += Multiply(b, x);
            x = Vector256.Create(*(int*)((byte*)i1 + at));
            c1 += Multiply(a, x);
            d1 += Multiply(b, x);
            x = Vector256.Create(*(int*)((byte*)i2 + at));
            c2 += Multiply(a, x);
            d2 += Multiply(b, x);
            x = Vector256.Create(*(int*)((byte*)i3 + at));
            c3 += Multiply(a, x);
            d3 += Multiply(b, x);
            a = Vector256.Load(step + VectorBytes);
            b = Vector256.Load(step + VectorBytes + InterleavedBytes);
            x = Vector256.Create(*(int*)((byte*)i0 + at + sizeof(int)));
            c0 += Multiply(a, x);
            d0 += Multiply(b, x);
            x = Vector256.Create(*(int*)((byte*)i1 + at + sizeof(int)));
            c1 += Multiply(a, x);
            d1 += Multiply(b, x);
            x = Vector256.Create(*(int*)((byte*)i2 + at + sizeof(int)));
            c2 += Multiply(a, x);
            d2 += Multiply(b, x);
            x = Vector256.Create(*(int*)((byte*)i3 + at + sizeof(int)));
            c3 += Multiply(a, x);
            d3 += Multiply(b, x);
        }
        a0 = ByteVectors.AddPairs(c0);
        a1 = ByteVectors.AddPairs(c1);
        a2 = ByteVectors.AddPairs(c2);
        a3 = ByteVectors.AddPairs(c3);
        b0 = ByteVectors.AddPairs(d0);
        b1 = ByteVectors.AddPairs(d1);
        b2 = ByteVectors.AddPairs(d2);
        b3 = ByteVectors.AddPairs(d3);
    }

    /// <summary>As many steps of one row as go together exactly. The weights' vectors are the same for all rows of a tile and stay in registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void AddRow(byte* w, int* inputs, ref Vector256<int> a, ref Vector256<int> b)
    {
        var x = Vector256.Create(inputs[0]);
        Vector256<short> c = Multiply(Vector256.Load(w), x), d = Multiply(Vector256.Load(w + InterleavedBytes), x);
        if (ExactSteps >= 2)
        {
            x = Vector256.Create(inputs[1]);
            c += Multiply(Vector256.Load(w + VectorBytes), x);
            d += Multiply(Vector256.Load(w + VectorBytes + InterleavedBytes), x);
        }
        if (ExactSteps >= 4)
        {
            x = Vector256.Create(inputs[2]);
            c += Multiply(Vector256.Load(w + 2 * VectorBytes), x);
            d += Multiply(Vector256.Load(w + 2 * VectorBytes + InterleavedBytes), x);
            x = Vector256.Create(inputs[3]);
            c += Multiply(Vector256.Load(w + 3 * VectorBytes), x);
            d += Multiply(Vector256.Load(w + 3 * VectorBytes + InterleavedBytes), x);
        }
        a += ByteVectors.AddPairs(c);
        b += ByteVectors.AddPairs(d);
    }

    /// <summary>Four inputs of a row, the same for all outputs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<short> Multiply(Vector256<byte> w, Vector256<int> x) => TFormat.IsSigned
        ? ByteVectors.MultiplyPairs(Vector256.Abs(w.AsSByte()).AsByte(), ByteVectors.WithSign(x.AsSByte(), w.AsSByte()))
        : ByteVectors.MultiplyPairs(w, x.AsSByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void AddScaled(Vector256<int> a, Vector256<int> b, byte* factors, Vector256<float> scale, Vector256<float> inputSum, float* sums)
    {
        AddScaled(a, (float*)factors, scale, inputSum, sums);
        AddScaled(b, (float*)(factors + InterleavedBytes), scale, inputSum, sums + Lanes.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void AddScaled(Vector256<int> products, float* factors, Vector256<float> scale, Vector256<float> inputSum, float* sums)
    {
        Vector256<float> sum = Lanes.MultiplyAdd(Vector256.ConvertToSingle(products), Vector256.Load(factors) * scale, Vector256.Load(sums));
        if (TFormat.HasOffsets) sum = Lanes.MultiplyAdd(Vector256.Load(factors + GroupBytes / sizeof(float)), inputSum, sum);
        sum.Store(sums);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void StoreRow(in MatMulPart part, int row, int output, int outputs, float* sums)
    {
        Vector256<float> even = Group(sums, 0) + Group(sums, 4) + (Group(sums, 2) + Group(sums, 6));
        Vector256<float> odd = Group(sums, 1) + Group(sums, 5) + (Group(sums, 3) + Group(sums, 7));
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

    static Vector256<float> Group(float* sums, int group) => Vector256.Load(sums + group * GroupSums);

    /// <summary>Asks for the next weights while the present ones are being multiplied, a little at a time.</summary>
    struct ReadAhead(byte* from, byte* to)
    {
        byte* next = from;
        long step;

        /// <summary>Divides the bytes over <paramref name="times"/> calls of <see cref="Touch"/>.</summary>
        public void Share(int times) => step = (to - next) / times + 1;

        public void Touch()
        {
            var end = (byte*)Math.Min((long)to, (long)(next + step));
            for (; next < end; next += Prefetch.CacheLine) Prefetch.Far(next);
        }
    }
}
