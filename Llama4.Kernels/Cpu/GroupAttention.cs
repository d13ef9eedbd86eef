namespace Llama4.Kernels.Cpu;

public sealed unsafe partial class CpuDevice
{
    public override void GroupAttention(Tensor q, Tensor k, Tensor v, int groupRows, int heads, Tensor y)
    {
        Check.Input(q, y.Rows, y.Columns);
        Check.Input(k, y.Rows, y.Columns);
        Check.Input(v, y.Rows, y.Columns);
        Check.Output(y, y.Rows, y.Columns);
        if (groupRows < 1 || heads < 1 || y.Rows % groupRows != 0 || y.Columns % heads != 0)
            throw new ArgumentException($"GroupAttention: {y.Rows}×{y.Columns} is not groups of {groupRows} rows with {heads} heads", nameof(groupRows));
        var work = new GroupAttentionWork((float*)q.Address, (float*)k.Address, (float*)v.Address, groupRows, heads, y.Columns, (float*)y.Address);
        team.For(work, checked(y.Rows * heads));
    }

    /// <summary>One item is one head of one row.</summary>
    readonly struct GroupAttentionWork(float* q, float* k, float* v, int groupRows, int heads, int columns, float* y) : IWork
    {
        public void Run(int item, int worker)
        {
            int n = columns / heads;
            long row = item / heads, column = item % heads * n;
            long first = row / groupRows * groupRows;
            float* query = q + row * columns + column;
            float* sum = y + row * columns + column;
            float scale = 1 / MathF.Sqrt(n);
            float* weights = stackalloc float[groupRows];
            float largest = float.NegativeInfinity, total = 0;
            for (int j = 0; j < groupRows; j++)
            {
                float* key = k + (first + j) * columns + column;
                float score = 0;
                for (int i = 0; i < n; i++) score += query[i] * key[i];
                weights[j] = score * scale;
                largest = MathF.Max(largest, weights[j]);
            }
            for (int j = 0; j < groupRows; j++) total += weights[j] = MathF.Exp(weights[j] - largest);
            for (int i = 0; i < n; i++)
            {
                float value = 0;
                for (int j = 0; j < groupRows; j++) value += weights[j] * v[(first + j) * columns + column + i];
                sum[i] = value / total;
            }
        }
    }
}
