using System.Diagnostics;
using System.Security.Cryptography;
using Llama4.Core;

namespace Llama4.Tests.Fuzz;

/// <summary>
/// Fuzzing without external tools: mutates the seeds and, since there is no measure of coverage, keeps every input that is refused at a
/// place in the code not seen before. An input that fails in any other way, takes too long or allocates too much is saved and ends the run; the one that
/// kills the process is left in the file NAME-under-way.
/// </summary>
/// <param name="folder">For failing inputs.</param>
sealed class FuzzLoop(FuzzTarget target, int seed, string folder)
{
    /// <summary>Exit status of the process when an input takes too long: it cannot be stopped in any other way.</summary>
    public const int HangStatus = 70;

    readonly Mutator mutator = new(seed, target.Words, target.LongestInput);
    readonly List<byte[]> corpus = [];
    readonly HashSet<string> outcomes = [];
    FileStream? underWay;
    byte[] current = [];
    long startedAt;    // of Stopwatch; 0 between inputs

    /// <summary>Inputs read.</summary>
    public long Count { get; private set; }

    /// <summary>Different outcomes seen: success, and each place of a refusal.</summary>
    public int Outcomes => outcomes.Count;

    /// <summary>Reads all seeds, then mutations of them until the time or the count is used up.</summary>
    /// <returns>What failed and where the input is saved, or null.</returns>
    public string? Run(TimeSpan time, long count) => Guarded(() =>
    {
        var watch = Stopwatch.StartNew();
        foreach (byte[] input in target.Seeds())
        {
            corpus.Add(input);
            if (Try(input) is { } failure) return failure;
        }
        while (Count < count && watch.Elapsed < time)
        {
            byte[] input = mutator.Mutate(mutator.Pick(corpus), mutator.Pick(corpus));
            int before = Outcomes;
            if (Try(input) is { } failure) return failure;
            if (Outcomes > before) corpus.Add(input);
        }
        return null;
    });

    /// <summary>Reads each file once.</summary>
    /// <returns>What failed.</returns>
    public List<string> Replay(IReadOnlyList<string> files) =>
        Guarded<List<string>>(() => [.. files.Select(file => Try(File.ReadAllBytes(file))).OfType<string>()]);

    T Guarded<T>(Func<T> run)
    {
        Directory.CreateDirectory(folder);
        using var watchdog = new Timer(_ => EndIfHanging(), null, dueTime: 1000, period: 1000);
        using (underWay = new(Path.Combine(folder, $"{target.Name}-under-way"), FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0))
        {
            T result = run();
            File.Delete(underWay.Name);
            return result;
        }
    }

    /// <summary>What is wrong with the way in which the target reads this input, or null.</summary>
    string? Try(byte[] input)
    {
        underWay!.Position = 0;
        underWay.Write(input);
        underWay.SetLength(input.Length);
        Count++;
        current = input;
        long allocated = GC.GetAllocatedBytesForCurrentThread(), start = Stopwatch.GetTimestamp();
        Volatile.Write(ref startedAt, start);
        string? outcome = null, problem = null;
        try
        {
            target.Read(input);
            outcome = "read";
        }
        catch (Exception refusal) when (refusal is ModelFormatException or InvalidRequestException)
        {
            outcome = PlaceOf(refusal);
        }
        catch (Exception failure)
        {
            problem = failure.ToString();
        }
        Volatile.Write(ref startedAt, 0);
        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        if (outcome is not null) outcomes.Add(outcome);
        if (problem is null && elapsed > target.TimeLimit) problem = $"took {elapsed.TotalSeconds} s, limit {target.TimeLimit.TotalSeconds}";
        if (problem is null && allocated > target.AllocationLimit) problem = $"allocated {allocated} bytes, limit {target.AllocationLimit}";
        return problem is null ? null : Save(input, problem);
    }

    /// <summary>Where an exception, or its first cause, comes from: the innermost calls, by method and offset.</summary>
    static string PlaceOf(Exception refusal) => string.Join(' ', new StackTrace(refusal.GetBaseException(), fNeedFileInfo: false).GetFrames().Take(6)
        .Select(frame => $"{frame.GetMethod()?.DeclaringType}.{frame.GetMethod()?.Name}+{frame.GetILOffset()}"));

    void EndIfHanging()
    {
        long started = Volatile.Read(ref startedAt);
        if (started == 0 || Stopwatch.GetElapsedTime(started) < 3 * target.TimeLimit) return;
        Console.Error.WriteLine(Save(current, $"still not done after {3 * target.TimeLimit.TotalSeconds} s"));
        Environment.Exit(HangStatus);
    }

    string Save(byte[] input, string problem)
    {
        string file = Path.Combine(folder, $"{target.Name}-{Convert.ToHexStringLower(SHA256.HashData(input))[..16]}");
        File.WriteAllBytes(file, input);
        return $"{target.Name}: input {file} ({input.Length} bytes): {problem}";
    }
}
