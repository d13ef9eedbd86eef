namespace Llama4.Kernels.Cpu;

public sealed unsafe partial class CpuDevice
{
    public override void ExpertMatMul(Tensor x, Route route, params ReadOnlySpan<ExpertProjection> projections)
    {
        Check.Input(x, x.Rows, x.Columns);
        if (route.Experts.Count != x.Rows) throw new ArgumentException($"ExpertMatMul: {route.Experts.Count} choices for {x.Rows} rows", nameof(route));
        Check.Input(route.Experts, route.Experts.Rows, route.Experts.Columns, Encoding.I32);
        if (projections.IsEmpty) return;
        int experts = projections[0].Experts.Count;
        foreach (ref readonly ExpertProjection p in projections)
            if (p.Experts.Count != experts) throw new ArgumentException($"ExpertMatMul: {p.Experts.Count} experts beside {experts}", nameof(projections));
        var choices = new ReadOnlySpan<int>((void*)route.Experts.Address, x.Rows);
        Check.Rows(choices, experts, nameof(route));
        lock (matMul)
        {
            int* order = matMul.Integers((long)x.Rows + experts + 1), starts = order + x.Rows;
            SortByExpert(choices, experts, order, starts);
            for (int first = 0; first < x.Rows; first += MatMulInput.MaxRows)
            {
                int rows = Math.Min(MatMulInput.MaxRows, x.Rows - first);
                matMul.Clear();
                foreach (ref readonly ExpertProjection p in projections)
                    for (int expert = 0; expert < experts; expert++)
                        AddExpert(x, p, expert, Math.Max(starts[expert], first) - first, Math.Min(starts[expert + 1], first + rows) - first, order + first);
                matMul.Run(team, (float*)x.Address, x.Columns, order + first, rows);
            }
        }
    }

    void AddExpert(in Tensor x, in ExpertProjection projection, int expert, int from, int to, int* order)
    {
        if (from >= to) return;
        Weight weight = projection.Experts[expert];
        Check.Product(x, weight, projection.Output, null, nameof(ExpertMatMul));
        MatMulPart part = PartOf(weight, projection.Output);
        part.RowMap = order;
        part.FirstRow = from;
        part.Rows = to - from;
        matMul.Add(part);
    }

    /// <summary>The rows in the order of their experts, those of one expert in their own order: expert e has order[starts[e] .. starts[e + 1]].</summary>
    static void SortByExpert(ReadOnlySpan<int> choices, int experts, int* order, int* starts)
    {
        new Span<int>(starts, experts + 1).Clear();
        foreach (int expert in choices) starts[expert]++;
        for (int expert = 0, sum = 0; expert <= experts; expert++) (starts[expert], sum) = (sum, sum + starts[expert]);
        for (int row = 0; row < choices.Length; row++) order[starts[choices[row]]++] = row;
        // Each start has moved to its end, the next one's start.
        for (int expert = experts; expert > 0; expert--) starts[expert] = starts[expert - 1];
        starts[0] = 0;
    }
}
