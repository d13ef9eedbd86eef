using ILGPU;
using Llama4.Kernels.Gpu.Compiler;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu;

sealed partial class GpuDevice
{
    public override void RouteRows(Tensor x, Weight router, Tensor logits, Route route, Tensor scaled)
    {
        int choices = route.Experts.Columns;
        CheckChoice(logits, route, nameof(RouteRows));
        Check.Output(scaled, checked(x.Rows * choices), x.Columns);
        MatMul(x, new Projection(router, logits));
        var choose = new ChooseExpertsKernel(logits.Address, logits.Columns, route.Experts.Address, route.Scores.Address, choices, x.Rows);
        // Each group chooses for itself what its part of a row needs: that is less than another launch.
        int parts = (x.Columns + RouteRowsKernel.NumbersPerThread * groupThreads - 1) / (RouteRowsKernel.NumbersPerThread * groupThreads);
        Launch((long)scaled.Rows * parts, new RouteRowsKernel(choose, choices, x.Address, scaled.Address, x.Columns, parts));
    }

    /// <summary>A group for each part of each row of the result.</summary>
    internal readonly struct RouteRowsKernel(ChooseExpertsKernel choose, int choices, long x, long scaled, int columns, int parts) : IKernel
    {
        public const int NumbersPerThread = 4;

        public void Run()
        {
            int row = Grid.IdxX / parts, part = Grid.IdxX % parts, width = NumbersPerThread * Group.DimX;
            float score = choose.Choose(row / choices, row % choices, store: part == 0);
            long source = x + (long)(row / choices) * columns * 4, target = scaled + (long)row * columns * 4;
            int end = IntrinsicMath.Min(columns, (part + 1) * width);
            for (int c = part * width + Group.IdxX; c < end; c += Group.DimX) Memory.Store(target + c * 4L, Memory.Float(source + c * 4L) * score);
        }
    }
}
