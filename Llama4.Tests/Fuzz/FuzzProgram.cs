using System.Globalization;
using Llama4.Core;
using SharpFuzz;

namespace Llama4.Tests.Fuzz;

/// <summary>
/// The fuzz command of the test program:
/// <code>
/// fuzz                                  names the targets
/// fuzz NAME --seconds N [--seed S]      mutates the target's seeds for N seconds; no other tool is needed
/// fuzz NAME FOLDER                      reads each file of the folder once: saved failures, a corpus
/// fuzz NAME                             under afl-fuzz or libfuzzer-dotnet, after `sharpfuzz Llama4.Core.dll` has instrumented the code
/// </code>
/// Exit status: 0 nothing found, 1 an input failed, 2 wrong arguments, 70 an input hangs.
/// </summary>
static class FuzzProgram
{
    /// <summary>For failing inputs, in the folder where the program is started.</summary>
    public const string FailureFolder = "artifacts/fuzz";

    /// <summary>
    /// By name. A target is made when it is needed: making it may run code under test, and instrumented code may not run before a
    /// fuzzer has given it its memory.
    /// </summary>
    public static readonly IReadOnlyDictionary<string, Func<FuzzTarget>> Targets = new Dictionary<string, Func<FuzzTarget>>
    {
        ["tokenizer"] = () => TokenizerTarget.Target,
        ["model-folder"] = () => ModelFolderTarget.Target,
        ["gguf"] = () => WeightFileTargets.Gguf,
        ["mmproj"] = () => WeightFileTargets.Mmproj,
        ["safetensors"] = () => WeightFileTargets.Safetensors,
        ["png"] = () => ImageTargets.Png,
        ["jpeg"] = () => ImageTargets.Jpeg,
        ["gif"] = () => ImageTargets.Gif,
        ["bmp"] = () => ImageTargets.Bmp,
        ["jinja"] = () => JinjaTarget.Target,
        ["tool-calls"] = () => ToolCallTarget.Target,
    };

    public static int Run(string[] args, TextWriter output)
    {
        if (args.Length == 0)
        {
            foreach (string known in Targets.Keys) output.WriteLine(known);
            return 0;
        }
        if (!Targets.TryGetValue(args[0], out Func<FuzzTarget>? target))
        {
            output.WriteLine($"no fuzz target {args[0]}; known: {string.Join(", ", Targets.Keys)}");
            return 2;
        }
        switch (args[1..])
        {
            case []: return RunUnderFuzzer(target, output);
            case [string folder] when Directory.Exists(folder): return Replay(target(), folder, output);
            case ["--seconds", string seconds]: return Mutate(target(), seconds, "1", output);
            case ["--seconds", string seconds, "--seed", string seed]: return Mutate(target(), seconds, seed, output);
            default:
                output.WriteLine("expected: fuzz NAME [FOLDER | --seconds N [--seed S]]");
                return 2;
        }
    }

    static int Mutate(FuzzTarget target, string seconds, string seed, TextWriter output)
    {
        if (!double.TryParse(seconds, CultureInfo.InvariantCulture, out double time) || !(time is > 0 and < 1e6)
            || !int.TryParse(seed, CultureInfo.InvariantCulture, out int number))
        {
            output.WriteLine($"--seconds {seconds} --seed {seed}: expected numbers, seconds above 0");
            return 2;
        }
        var loop = new FuzzLoop(target, number, FailureFolder);
        string? failure = loop.Run(TimeSpan.FromSeconds(time), long.MaxValue);
        output.WriteLine($"{target.Name}: {loop.Count} inputs, {loop.Outcomes} outcomes, seed {number}");
        if (failure is not null) output.WriteLine(failure);
        return failure is null ? 0 : 1;
    }

    static int Replay(FuzzTarget target, string folder, TextWriter output)
    {
        string[] files = Directory.GetFiles(folder);
        Array.Sort(files, StringComparer.Ordinal);
        List<string> failures = new FuzzLoop(target, seed: 0, FailureFolder).Replay(files);
        foreach (string failure in failures) output.WriteLine(failure);
        output.WriteLine($"{target.Name}: {files.Length} inputs, {failures.Count} failed");
        return failures.Count == 0 ? 0 : 1;
    }

    /// <summary>Each fuzzer names itself to the programs it starts by a variable.</summary>
    static int RunUnderFuzzer(Func<FuzzTarget> target, TextWriter output)
    {
        if (Environment.GetEnvironmentVariable("__LIBFUZZER_SHM_ID") is not null)
            Fuzzer.LibFuzzer.Run(input => ReadOrRefuse(target(), input));
        else if (Environment.GetEnvironmentVariable("__AFL_SHM_ID") is not null)
            Fuzzer.OutOfProcess.Run(stream =>
            {
                using var bytes = new MemoryStream();
                stream.CopyTo(bytes);
                ReadOrRefuse(target(), bytes.ToArray());
            });
        else
        {
            output.WriteLine("no fuzzer has started this program: give a folder of inputs or --seconds");
            return 2;
        }
        return 0;
    }

    static void ReadOrRefuse(FuzzTarget target, ReadOnlySpan<byte> input)
    {
        try
        {
            target.Read(input);
        }
        catch (Exception refusal) when (refusal is ModelFormatException or InvalidRequestException)
        {
            // A clear refusal is what a bad input should get; everything else is a finding.
        }
    }
}
