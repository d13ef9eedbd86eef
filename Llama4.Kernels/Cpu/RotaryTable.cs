namespace Llama4.Kernels.Cpu;

public sealed unsafe partial class CpuDevice
{
    public override void RotaryTable(Tensor positions, Tensor frequencies, Tensor table)
    {
        Check.Input(positions, 1, table.Rows, Encoding.I32);
        Check.Input(frequencies, 1, table.Columns / 2);
        Check.Output(table, table.Rows, frequencies.Columns * 2);
        var work = new RotaryTableWork((int*)positions.Address, (float*)frequencies.Address, (float*)table.Address, frequencies.Columns);
        team.For(work, table.Rows, alone: table.Count < SmallWork / 16);
    }

    /// <summary>
    /// One item is one row. The angle is rounded to float as in the reference implementations; cosine and sine are those of that float,
    /// computed in double because the angle reaches 10⁷.
    /// </summary>
    readonly struct RotaryTableWork(int* positions, float* frequencies, float* table, int pairs) : IWork
    {
        public void Run(int item, int worker)
        {
            float* row = table + (long)item * pairs * 2;
            for (int j = 0; j < pairs; j++)
            {
                float angle = (float)positions[item] * frequencies[j];
                (double sin, double cos) = Math.SinCos((double)angle);
                row[2 * j] = (float)cos;
                row[2 * j + 1] = (float)sin;
            }
        }
    }
}
