using System.Runtime.CompilerServices;

namespace Llama4.Kernels.Cpu;

public sealed unsafe partial class CpuDevice
{
    public override void ChooseExperts(Tensor logits, Route route)
    {
        int choices = route.Experts.Columns;
        Check.Input(logits, logits.Rows, logits.Columns);
        Check.Output(route.Experts, logits.Rows, choices, Encoding.I32);
        Check.Output(route.Scores, logits.Rows, choices);
        if (choices > logits.Columns)
            throw new ArgumentException($"ChooseExperts: {choices} of {logits.Columns} experts", nameof(route));
        var work = new ChooseExpertsWork((float*)logits.Address, logits.Columns, (int*)route.Experts.Address, (float*)route.Scores.Address, choices);
        team.For(work, logits.Rows, alone: logits.Count * choices < SmallWork);
    }

    /// <summary>One item is one row. Each choice is the best of those after the one before, in the order of logit down, index up.</summary>
    readonly struct ChooseExpertsWork(float* logits, int experts, int* chosen, float* scores, int choices) : IWork
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Run(int item, int worker)
        {
            float* row = logits + (long)item * experts;
            int before = -1;
            for (int choice = 0; choice < choices; choice++)
            {
                int best = -1;
                for (int expert = 0; expert < experts; expert++)
                    if ((before < 0 || Precedes(row, before, expert)) && (best < 0 || Precedes(row, expert, best))) best = expert;
                long at = (long)item * choices + choice;
                chosen[at] = best;
                scores[at] = (float)(1 / (1 + Math.Exp(-(double)row[best])));
                before = best;
            }
        }

        // NaN stands below every number, so that the order is total and a broken row still gets experts.
        static bool Precedes(float* row, int a, int b)
        {
            float x = row[a], y = row[b];
            if (x > y) return true;
            if (x < y) return false;
            bool xNaN = float.IsNaN(x), yNaN = float.IsNaN(y);
            return xNaN == yNaN ? a < b : yNaN;
        }
    }
}
