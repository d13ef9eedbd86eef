using Llama4.Kernels.Cpu;

namespace Llama4.Kernels.Gpu;

sealed partial class GpuDevice
{
    // Device addresses of the experts of each list of matrices that was ever used.
    readonly Dictionary<IReadOnlyList<Weight>, Tensor> expertTables = new(ReferenceEqualityComparer.Instance);

    public override void ExpertMatMul(Tensor x, Route route, params ReadOnlySpan<ExpertProjection> projections)
    {
        Check.Input(x, x.Rows, x.Columns);
        if (route.Experts.Count != x.Rows) throw new ArgumentException($"ExpertMatMul: {route.Experts.Count} choices for {x.Rows} rows", nameof(route));
        Check.Input(route.Experts, route.Experts.Rows, route.Experts.Columns, Encoding.I32);
        foreach (ref readonly ExpertProjection p in projections)
        {
            if (p.Experts.Count != projections[0].Experts.Count)
                throw new ArgumentException($"ExpertMatMul: {p.Experts.Count} experts beside {projections[0].Experts.Count}", nameof(projections));
            Weight first = p.Experts[0];
            CheckProduct(x, first, p.Output, null, nameof(ExpertMatMul));
            DotArguments arguments = Product(x, first, p.Output);
            arguments.Choices = route.Experts.Address;
            arguments.Table = ExpertTable(x, p).Address;
            arguments.Experts = p.Experts.Count;
            Multiply(first.Encoding, arguments);
        }
    }

    Tensor ExpertTable(in Tensor x, in ExpertProjection projection)
    {
        if (expertTables.TryGetValue(projection.Experts, out Tensor table)) return table;
        Weight first = projection.Experts[0];
        var addresses = new long[projection.Experts.Count * 2];
        for (int expert = 0; expert < projection.Experts.Count; expert++)
        {
            Weight weight = projection.Experts[expert];
            CheckProduct(x, weight, projection.Output, null, nameof(ExpertMatMul));
            if (weight.Encoding != first.Encoding || weight.InputMajor != first.InputMajor || weight.Values.RowBytes != first.Values.RowBytes)
                throw new ArgumentException($"ExpertMatMul: expert {expert} is stored as {weight.Encoding}, unlike expert 0 ({first.Encoding})", nameof(projection));
            addresses[2 * expert] = weight.Values.Address;
            addresses[2 * expert + 1] = weight.Scales?.Address ?? 0;
        }
        table = Allocate(projection.Experts.Count, 2, Encoding.I64);
        Upload<long>(addresses, table);
        expertTables.Add(projection.Experts, table);
        return table;
    }
}
