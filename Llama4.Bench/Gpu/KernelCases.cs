using Llama4.Kernels;
using Llama4.Kernels.Gpu;

namespace Llama4.Bench.Gpu;

/// <summary>One operation with the sizes of a step.</summary>
/// <param name="Run">Enqueues it <paramref name="Times"/> times.</param>
/// <param name="Bytes">That must be read or written at least, each time.</param>
/// <param name="Operations">Multiplications and additions, each time.</param>
sealed record KernelCase(string Name, Action Run, int Times, long Bytes, double Operations);

/// <summary>The operations of a decoder's step, for one row, for a few and for a prompt's.</summary>
sealed class KernelCases(GpuDevice device, GpuShape s)
{
    const int PageRows = 64;

    /// <summary>Each with memory of its own, freed before the next.</summary>
    public IEnumerable<Func<DeviceWeights, KernelCase>> All()
    {
        foreach (Encoding encoding in s.Encodings)
            yield return memory => Product(memory, $"down {encoding}, 1 row", encoding, 1, s.ExpertWidth, s.Width);
        yield return memory => Product(memory, "output Q6_K, 1 row", Encoding.Q6_K, 1, s.Width, s.Vocabulary);
        foreach (Encoding encoding in s.MainEncodings)
        {
            yield return memory => Product(memory, $"down {encoding}, {s.Batch} rows", encoding, s.Batch, s.ExpertWidth, s.Width);
            yield return memory => Product(memory, $"down {encoding}, {s.PromptRows} rows", encoding, s.PromptRows, s.ExpertWidth, s.Width);
            yield return memory => Experts(memory, $"experts {encoding}, 1 row", encoding, 1);
            yield return memory => Experts(memory, $"experts {encoding}, {s.PromptRows} rows", encoding, s.PromptRows);
        }
        foreach (Encoding encoding in (Encoding[])[Encoding.BF16, Encoding.Q8_0])
        {
            foreach (int depth in s.Depths) yield return memory => Attention(memory, encoding, depth, 1);
            yield return memory => Attention(memory, encoding, s.Depths[^1], s.PromptRows);
        }
        foreach (int rows in (int[])[1, s.PromptRows])
        {
            yield return memory => Norm(memory, rows);
            yield return memory => SiluMul(memory, rows);
            yield return memory => FinishQkv(memory, rows);
            yield return memory => RouteRows(memory, rows);
        }
    }

    /// <summary>So many matrices that no cache holds them all, one after the other.</summary>
    KernelCase Product(DeviceWeights memory, string name, Encoding encoding, int rows, int inputs, int outputs)
    {
        int copies = Copies(outputs * encoding.RowBytes(inputs));
        Weight[] weights = [.. Enumerable.Range(0, copies).Select(_ => memory.Matrix(encoding, outputs, inputs))];
        Tensor x = Random(memory, rows, inputs), y = memory.New(rows, outputs);
        return new KernelCase(name, () =>
        {
            foreach (Weight weight in weights) device.MatMul(x, new Projection(weight, y));
        }, copies, weights[0].Bytes + 4L * rows * (inputs + outputs), 2.0 * rows * inputs * outputs);
    }

    KernelCase Experts(DeviceWeights memory, string name, Encoding encoding, int rows)
    {
        Weight[] gate = [.. Enumerable.Range(0, s.Experts).Select(_ => memory.Matrix(encoding, s.ExpertWidth, s.Width))];
        Tensor x = Random(memory, rows, s.Width), y = memory.New(rows, s.ExpertWidth), scores = memory.New(rows, 1);
        // One row visits all experts, one after the other; of many rows each expert gets as many.
        Route[] routes = [.. Enumerable.Range(0, rows == 1 ? s.Experts : 1).Select(first =>
        {
            Tensor experts = memory.New(rows, 1, Encoding.I32);
            device.Upload<int>([.. Enumerable.Range(first, rows).Select(i => i % s.Experts)], experts);
            return new Route(experts, scores);
        })];
        int used = Math.Min(rows, s.Experts);
        return new KernelCase(name, () =>
        {
            foreach (Route route in routes) device.ExpertMatMul(x, route, new ExpertProjection(gate, y));
        }, routes.Length, used * gate[0].Bytes + 4L * rows * (s.Width + s.ExpertWidth), 2.0 * rows * s.Width * s.ExpertWidth);
    }

    KernelCase Attention(DeviceWeights memory, Encoding encoding, int depth, int rows)
    {
        (StepRows step, KvPages pages, KvLayer layer) = Cache(memory, encoding, depth, rows);
        Tensor q = Random(memory, rows, s.Heads * s.HeadDim), y = memory.New(rows, s.Heads * s.HeadDim);
        return new KernelCase($"attention {encoding} at {depth}, {rows} rows", () => device.Attention(q, step, pages, layer, y), 1,
            2L * (depth + rows) * s.KvHeads * encoding.RowBytes(s.HeadDim) + 8L * rows * s.Heads * s.HeadDim, 4.0 * rows * (depth + rows / 2.0) * s.Heads * s.HeadDim);
    }

    KernelCase Norm(DeviceWeights memory, int rows)
    {
        Tensor x = Random(memory, rows, s.Width), y = memory.New(rows, s.Width), w = memory.Ones(s.Width);
        return new KernelCase($"norm, {rows} rows", () => device.RmsNorm(x, w, 1e-5f, y), 1, 8L * rows * s.Width, 4.0 * rows * s.Width);
    }

    KernelCase SiluMul(DeviceWeights memory, int rows)
    {
        Tensor gate = Random(memory, rows, s.ExpertWidth), up = Random(memory, rows, s.ExpertWidth), y = memory.New(rows, s.ExpertWidth);
        return new KernelCase($"silu, {rows} rows", () => device.SiluMul(gate, up, y), 1, 12L * rows * s.ExpertWidth, 6.0 * rows * s.ExpertWidth);
    }

    KernelCase FinishQkv(DeviceWeights memory, int rows)
    {
        (StepRows step, KvPages pages, KvLayer layer) = Cache(memory, Encoding.BF16, 0, rows);
        Tensor q = Random(memory, rows, s.Heads * s.HeadDim), k = Random(memory, rows, s.KvHeads * s.HeadDim), table = memory.New(rows, s.HeadDim);
        var rule = new HeadRule(Rotary: table, NormEps: 1e-5f);
        long numbers = (long)rows * s.HeadDim * (2 * s.Heads + 4 * s.KvHeads);
        return new KernelCase($"rotate, norm, write, {rows} rows", () => device.FinishQkv(q, k, k, rule, step, pages, layer), 1, 4 * numbers, 10.0 * numbers);
    }

    KernelCase RouteRows(DeviceWeights memory, int rows)
    {
        Weight router = memory.Matrix(Encoding.F32, s.Experts, s.Width);
        Tensor x = Random(memory, rows, s.Width), logits = memory.New(rows, s.Experts), scaled = memory.New(rows, s.Width);
        var route = new Route(memory.New(rows, 1, Encoding.I32), memory.New(rows, 1));
        return new KernelCase($"route, {rows} rows", () => device.RouteRows(x, router, logits, route, scaled), 1,
            router.Bytes + 8L * rows * s.Width, 2.0 * rows * s.Width * s.Experts);
    }

    /// <summary>One sequence whose rows stand at depth and after it; keys and values are zeros.</summary>
    (StepRows Rows, KvPages Pages, KvLayer Layer) Cache(DeviceWeights memory, Encoding encoding, int depth, int rows)
    {
        int pageCount = (depth + rows + PageRows - 1) / PageRows;
        long part = KvLayer.PartBytes(s.KvHeads, s.HeadDim, PageRows, encoding);
        Tensor content = memory.New(pageCount, checked((int)(2 * part)), Encoding.F8E4M3), table = memory.New(1, pageCount, Encoding.I64);
        device.Upload<long>([.. Enumerable.Range(0, pageCount).Select(page => content.Address + 2 * part * page)], table);
        Tensor positions = memory.New(1, rows, Encoding.I32), sequences = memory.New(1, rows, Encoding.I32);
        device.Upload<int>([.. Enumerable.Range(depth, rows)], positions);
        return (new StepRows(positions, sequences), new KvPages(table, PageRows, 0), new KvLayer(0, part, s.KvHeads, s.HeadDim, encoding));
    }

    int Copies(long bytes) => (int)Math.Clamp(s.SweepBytes / 4 / bytes, 1, 64);

    Tensor Random(DeviceWeights memory, int rows, int columns)
    {
        var random = new Random(7);
        var values = new float[rows * columns];
        foreach (ref float value in values.AsSpan()) value = 2 * random.NextSingle() - 1;
        Tensor tensor = memory.New(rows, columns);
        device.Upload<float>(values, tensor);
        return tensor;
    }
}
