using ILGPU;
using Llama4.Kernels.Gpu.Compiler;
using Llama4.Kernels.Gpu.Instructions;

namespace Llama4.Kernels.Gpu;

sealed partial class GpuDevice
{
    public override void ChooseExperts(Tensor logits, Route route)
    {
        CheckChoice(logits, route, nameof(ChooseExperts));
        long items = (long)logits.Rows * route.Experts.Columns;
        ForWarps(items, new ChooseExpertsKernel(logits.Address, logits.Columns, route.Experts.Address, route.Scores.Address, route.Experts.Columns, logits.Rows));
    }

    static void CheckChoice(in Tensor logits, in Route route, string operation)
    {
        int choices = route.Experts.Columns;
        Check.Input(logits, logits.Rows, logits.Columns, operation: operation);
        Check.Output(route.Experts, logits.Rows, choices, Encoding.I32, operation: operation);
        Check.Output(route.Scores, logits.Rows, choices, operation: operation);
        if (choices > logits.Columns)
            throw new ArgumentException($"{operation}: {choices} of {logits.Columns} experts", nameof(route));
    }

    /// <summary>
    /// A warp for each choice of each row, its lanes over the experts. Each choice is the best of those after the one before, in the order of logit
    /// down, index up.
    /// </summary>
    internal readonly struct ChooseExpertsKernel(long logits, int experts, long chosen, long scores, int choices, int rows) : IKernel
    {
        public void Run()
        {
            long item = GroupWork.WarpIndex;
            if (item < (long)rows * choices) Choose(item / choices, (int)(item % choices), store: true);
        }

        /// <summary>The score of a row's choice. Every lane takes part.</summary>
        public float Choose(long row, int choice, bool store)
        {
            long source = logits + row * experts * 4;
            // Before every number: the first choice has none before it.
            int key = int.MaxValue, best = -1;
            for (int i = 0; i <= choice; i++)
            {
                int largest = int.MinValue, index = int.MaxValue;
                for (int expert = Warp.LaneIdx; expert < experts; expert += Lanes.Count)
                {
                    int own = Key(Memory.Float(source + expert * 4L));
                    bool isLeft = own < key || own == key && expert > best;
                    if (isLeft && (own > largest || index == int.MaxValue))
                    {
                        largest = own;
                        index = expert;
                    }
                }
                key = Lanes.Max(largest);
                best = Lanes.Min(largest == key ? index : int.MaxValue);
            }
            float score = 1 / (1 + Arithmetic.Exp(-Memory.Float(source + best * 4L)));
            if (!store || Warp.LaneIdx != 0) return score;
            long at = (row * choices + choice) * 4;
            Memory.Store(chosen + at, best);
            Memory.Store(scores + at, score);
            return score;
        }

        // Whole numbers in the order of the logits. NaN stands below every number, so that the order is total and a broken row still gets experts.
        static int Key(float logit)
        {
            if (float.IsNaN(logit)) return int.MinValue;
            int bits = (int)Interop.FloatAsInt(logit + 0f); // −0 becomes 0: they are equal
            return bits < 0 ? bits ^ int.MaxValue : bits;
        }
    }
}
