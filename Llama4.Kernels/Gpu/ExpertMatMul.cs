using Llama4.Kernels.Gpu.Products;

namespace Llama4.Kernels.Gpu;

sealed partial class GpuDevice
{
    // Of each list of matrices that was ever used.
    readonly Dictionary<IReadOnlyList<Weight>, ExpertTable> expertTables = new(ReferenceEqualityComparer.Instance);

    public override void ExpertMatMul(Tensor x, Route route, params ReadOnlySpan<ExpertProjection> projections) =>
        ExpertMatMul(new ProductInput(this, x), route, add: false, projections);

    /// <param name="add">Outputs += instead of =.</param>
    void ExpertMatMul(ProductInput input, Route route, bool add, params ReadOnlySpan<ExpertProjection> projections)
    {
        Tensor x = input.X;
        Check.Input(x, x.Rows, x.Columns);
        if (route.Experts.Count != x.Rows) throw new ArgumentException($"ExpertMatMul: {route.Experts.Count} choices for {x.Rows} rows", nameof(route));
        Check.Input(route.Experts, route.Experts.Rows, route.Experts.Columns, Encoding.I32);
        if (projections.IsEmpty) return;
        for (int from = 0; from < projections.Length;)
        {
            Weight first = projections[from].Experts[0];
            ProductArguments arguments = Arguments(x);
            arguments.Choices = route.Experts.Address;
            arguments.Experts = projections[0].Experts.Count;
            ProductWay way = WayOf(x, projections[from]);
            int count = 0;
            do arguments.Add(count++, PartOf(x, projections[from], arguments.Experts, add));
            while (++from < projections.Length && count < ProductArguments.MostParts
                && way != ProductWay.Plain && projections[from].Experts[0].Encoding == first.Encoding && WayOf(x, projections[from]) == way);
            Multiply(way, first, ref input, arguments);
        }
    }

    ProductWay WayOf(in Tensor x, in ExpertProjection projection) =>
        WayOf(x, projection.Experts[0], TableOf(x, projection).AnyAddress, hasExperts: true);

    ProductPart PartOf(in Tensor x, in ExpertProjection projection, int experts, bool add)
    {
        if (projection.Experts.Count != experts)
            throw new ArgumentException($"ExpertMatMul: {projection.Experts.Count} experts beside {experts}", nameof(projection));
        Check.Product(x, projection.Experts[0], projection.Output, null, nameof(ExpertMatMul));
        ProductPart part = PartOf(projection.Experts[0], projection.Output);
        part.Table = TableOf(x, projection).Addresses.Address;
        part.Add = add ? 1 : 0;
        return part;
    }

    ExpertTable TableOf(in Tensor x, in ExpertProjection projection)
    {
        if (expertTables.TryGetValue(projection.Experts, out ExpertTable table)) return table;
        Weight first = projection.Experts[0];
        var addresses = new long[projection.Experts.Count * 2];
        long any = 0;
        for (int expert = 0; expert < projection.Experts.Count; expert++)
        {
            Weight weight = projection.Experts[expert];
            Check.Product(x, weight, projection.Output, null, nameof(ExpertMatMul));
            if (weight.Encoding != first.Encoding || weight.InputMajor != first.InputMajor || weight.Values.RowBytes != first.Values.RowBytes)
                throw new ArgumentException($"ExpertMatMul: expert {expert} is stored as {weight.Encoding}, unlike expert 0 ({first.Encoding})", nameof(projection));
            addresses[2 * expert] = weight.Values.Address;
            addresses[2 * expert + 1] = weight.Scales?.Address ?? 0;
            any |= weight.Values.Address;
        }
        table = new ExpertTable(Allocate(projection.Experts.Count, 2, Encoding.I64), any);
        Upload<long>(addresses, table.Addresses);
        expertTables.Add(projection.Experts, table);
        return table;
    }

    /// <param name="Addresses">For each expert those of weights and scales.</param>
    /// <param name="AnyAddress">The bits that are set in any of the weights' addresses: how well all are aligned.</param>
    readonly record struct ExpertTable(Tensor Addresses, long AnyAddress);
}
