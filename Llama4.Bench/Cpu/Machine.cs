using System.Diagnostics;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Llama4.Bench.Cpu;

/// <summary>What the machine is and how fast it can be at best, measured in the same run as everything that is compared with it.</summary>
sealed record Machine(string Processor, int Cores, string Instructions, string Runtime, double MemoryGiB)
{
    public static Machine Describe() => new(
        ProcessorName(), Environment.ProcessorCount, InstructionSets(), RuntimeInformation.FrameworkDescription,
        Math.Round(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1L << 30), 1));

    /// <summary>Sequential read bandwidth in GB/s, each thread over memory of its own.</summary>
    public static double ReadBandwidth(int threads)
    {
        const int Bytes = 256 << 20;
        var memory = new byte[threads][];
        for (int t = 0; t < threads; t++)
        {
            memory[t] = GC.AllocateUninitializedArray<byte>(Bytes, pinned: true);
            memory[t].AsSpan().Fill((byte)(t + 1));
        }
        return Bytes / 1e9 * PassesPerSecond(threads, t => Sum(memory[t]));
    }

    /// <summary>Gflop/s of float multiply-add in registers, as products of floats do it.</summary>
    public static double MultiplyAddRate(int threads) => RegisterLoops.Flops / 1e9 * PassesPerSecond(threads, _ => RegisterLoops.MultiplyAdd());

    /// <summary>Gop/s of byte products added up in 16 bits, in registers: what products of 4-bit numbers do.</summary>
    public static double ByteProductRate(int threads) => RegisterLoops.Products / 1e9 * PassesPerSecond(threads, _ => RegisterLoops.ByteProducts());

    /// <summary>Passes of all threads together per second; the median of several.</summary>
    static double PassesPerSecond(int threads, Func<int, ulong> pass)
    {
        const int Passes = 7;
        var rates = new List<double>();
        using var barrier = new Barrier(threads + 1);
        Thread[] workers = [.. Enumerable.Range(0, threads).Select(t => new Thread(() =>
        {
            for (int i = 0; i < Passes; i++)
            {
                barrier.SignalAndWait();
                Sink(pass(t));
                barrier.SignalAndWait();
            }
        }))];
        foreach (Thread worker in workers) worker.Start();
        for (int i = 0; i < Passes; i++)
        {
            barrier.SignalAndWait();
            long start = Stopwatch.GetTimestamp();
            barrier.SignalAndWait();
            rates.Add(threads / Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        foreach (Thread worker in workers) worker.Join();
        return rates.Order().ElementAt(Passes / 2);
    }

    static ulong Sum(ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<Vector256<ulong>> v = MemoryMarshal.Cast<byte, Vector256<ulong>>(bytes);
        Vector256<ulong> a = default, b = default, c = default, d = default;
        for (int i = 0; i + 3 < v.Length; i += 4)
        {
            a += v[i];
            b += v[i + 1];
            c += v[i + 2];
            d += v[i + 3];
        }
        return Vector256.Sum(a + b + c + d);
    }

    static ulong sink;

    /// <summary>Keeps a result alive so that the loop before it is not removed.</summary>
    static void Sink(ulong value) => Volatile.Write(ref sink, value);

    static string ProcessorName()
    {
        const string Info = "/proc/cpuinfo";
        string? line = File.Exists(Info) ? File.ReadLines(Info).FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal)) : null;
        return line?[(line.IndexOf(':') + 1)..].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString();
    }

    static string InstructionSets() => string.Join(' ', new[]
    {
        AvxVnni.IsSupported ? "AVX-VNNI" : null, Vector512.IsHardwareAccelerated ? "AVX-512" : null, Avx2.IsSupported ? "AVX2" : null, Fma.IsSupported ? "FMA" : null,
        System.Runtime.Intrinsics.Arm.AdvSimd.IsSupported ? "AdvSIMD" : null, $"Vector<T> {Vector<byte>.Count * 8}",
    }.Where(s => s is not null));
}
