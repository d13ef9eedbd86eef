using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace Llama4.Bench;

/// <summary>What one call of a benchmarked operation moves and computes; shown as GB/s and GFLOP/s.</summary>
interface ICounted
{
    /// <summary>Bytes that must be read or written at least.</summary>
    long Bytes { get; }

    /// <summary>Multiplications and additions.</summary>
    long Operations { get; }
}

/// <summary>Short jobs with the two columns that say how near the machine's limits an operation is.</summary>
sealed class KernelConfig : ManualConfig
{
    public KernelConfig()
    {
        AddJob(Job.ShortRun);
        AddColumn(new RateColumn("GB/s", c => c.Bytes), new RateColumn("GFLOP/s", c => c.Operations));
    }

    sealed class RateColumn(string name, Func<ICounted, long> amount) : IColumn
    {
        public string Id => name;
        public string ColumnName => name;
        public string Legend => $"{name} by the least a call must do, at its mean time";
        public bool AlwaysShow => true;
        public ColumnCategory Category => ColumnCategory.Custom;
        public int PriorityInCategory => 0;
        public bool IsNumeric => true;
        public UnitType UnitType => UnitType.Dimensionless;

        public string GetValue(Summary summary, BenchmarkCase benchmarkCase)
        {
            if (summary[benchmarkCase]?.ResultStatistics is not { } statistics) return "?";
            var instance = (ICounted)Activator.CreateInstance(benchmarkCase.Descriptor.Type)!;
            foreach (BenchmarkDotNet.Parameters.ParameterInstance parameter in benchmarkCase.Parameters.Items)
                benchmarkCase.Descriptor.Type.GetProperty(parameter.Name)!.SetValue(instance, parameter.Value);
            return FormattableString.Invariant($"{amount(instance) / statistics.Mean:f1}");
        }

        public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style) => GetValue(summary, benchmarkCase);

        public bool IsAvailable(Summary summary) => true;

        public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;
    }
}
