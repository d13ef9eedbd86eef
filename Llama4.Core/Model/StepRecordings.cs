using Llama4.Kernels;

namespace Llama4.Core.Model;

/// <summary>
/// Steps in which every sequence goes on by one token, recorded once for each number of sequences and run again from then on: they differ in
/// nothing but what lies in the tensors of the batch. A number is recorded when it comes for the second time; the first time, kernels are
/// prepared and memory is found.
/// </summary>
sealed class StepRecordings(Device device, Func<StepBatch, Tensor> compute) : IDisposable
{
    // A recording takes some megabytes of the device.
    const int MostRecordings = 64;

    readonly Dictionary<Shape, Recorded> recordings = [];
    StepBatch? batch;
    Tensor fullTable, chunkTable;

    /// <summary>Computes an uploaded batch.</summary>
    /// <returns>What compute returns.</returns>
    public Tensor Run(StepBatch step)
    {
        if (!step.GoesOnByOne) return compute(step);
        // A table that grew is elsewhere.
        if (step != batch || step.On(0).FullPages.Table.Buffer != fullTable.Buffer || step.On(0).ChunkedPages.Table.Buffer != chunkTable.Buffer)
        {
            Forget();
            (batch, fullTable, chunkTable) = (step, step.On(0).FullPages.Table, step.On(0).ChunkedPages.Table);
        }
        var shape = new Shape(step.RowCount, step.LogitRowCount);
        if (!recordings.TryGetValue(shape, out Recorded? recorded))
        {
            Tensor result = compute(step);
            if (recordings.Count == MostRecordings) Forget();
            recordings.Add(shape, new Recorded(result));
            return result;
        }
        recorded.Work ??= Record(step);
        recorded.Work.Run();
        return recorded.Result;
    }

    public void Dispose() => Forget();

    Recording Record(StepBatch step) => device.Record(() => compute(step));

    void Forget()
    {
        foreach (Recorded recorded in recordings.Values) recorded.Work?.Dispose();
        recordings.Clear();
    }

    readonly record struct Shape(int Rows, int LogitRows);

    /// <param name="result">Where it lies, each time.</param>
    sealed class Recorded(Tensor result)
    {
        public Tensor Result => result;

        public Recording? Work { get; set; }
    }
}
