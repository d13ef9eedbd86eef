namespace Llama4.Kernels.Gpu;

sealed partial class GpuDevice
{
    public override void ChooseExperts(Tensor logits, Route route)
    {
        int choices = route.Experts.Columns;
        Check.Input(logits, logits.Rows, logits.Columns);
        Check.Output(route.Experts, logits.Rows, choices, Encoding.I32);
        Check.Output(route.Scores, logits.Rows, choices);
        if (choices > logits.Columns)
            throw new ArgumentException($"ChooseExperts: {choices} of {logits.Columns} experts", nameof(route));
        ForNumbers(logits.Rows, new ChooseExpertsKernel(logits.Address, logits.Columns, route.Experts.Address, route.Scores.Address, choices, logits.Rows));
    }

    /// <summary>A thread for each row. Each choice is the best of those after the one before, in the order of logit down, index up.</summary>
    internal readonly struct ChooseExpertsKernel(long logits, int experts, long chosen, long scores, int choices, int rows) : IKernel
    {
        public void Run()
        {
            long item = GroupWork.Thread;
            if (item >= rows) return;
            long row = logits + item * experts * 4;
            int before = -1;
            for (int choice = 0; choice < choices; choice++)
            {
                int best = -1;
                for (int expert = 0; expert < experts; expert++)
                    if ((before < 0 || Precedes(row, before, expert)) && (best < 0 || Precedes(row, expert, best))) best = expert;
                long at = (item * choices + choice) * 4;
                Memory.Store(chosen + at, best);
                Memory.Store(scores + at, 1 / (1 + Arithmetic.Exp(-Memory.Float(row + best * 4L))));
                before = best;
            }
        }

        // NaN stands below every number, so that the order is total and a broken row still gets experts.
        static bool Precedes(long row, int a, int b)
        {
            float x = Memory.Float(row + a * 4L), y = Memory.Float(row + b * 4L);
            if (x > y) return true;
            if (x < y) return false;
            bool xNaN = float.IsNaN(x), yNaN = float.IsNaN(y);
            return xNaN == yNaN ? a < b : yNaN;
        }
    }
}
