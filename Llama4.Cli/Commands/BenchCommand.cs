using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Llama4.Cli.Configuration;
using Llama4.Cli.Interaction;
using Llama4.Cli.Loading;
using Llama4.Cli.Machine;
using Llama4.Cli.Output;
using Llama4.Core;
using Llama4.Core.Generation;

namespace Llama4.Cli.Commands;

/// <summary>Measures how fast prompts are read and answers written.</summary>
internal static class BenchCommand
{
    /// <summary>By then the hot code is compiled and the weights of a small model are in memory.</summary>
    static readonly TimeSpan warmUp = TimeSpan.FromSeconds(1);

    public static Command Create(Terminal terminal, CommandOptions options)
    {
        var prefill = new Option<string?>("--prefill") { HelpName = "TOKENS", Description = "Length of the prompt. Default: 128." };
        var decode = new Option<string?>("--decode") { HelpName = "TOKENS", Description = "Length of the answer. Default: 64." };
        var repeat = new Option<string?>("--repeat") { HelpName = "N", Description = "Measurements, after a second to warm up. Default: 5." };
        var command = new Command("bench", "Measure tokens per second, reading a prompt and writing an answer.") { prefill, decode, repeat };
        options.AddTo(command, [.. SettingList.Loading, SettingList.Json]);
        command.SetAction(async (line, _) =>
        {
            if (SettingsOf.Command(line, options, terminal) is not Settings settings) return ExitCode.Ok;
            int prompt = Number(line, prefill, 128, 1, 1_000_000), answer = Number(line, decode, 64, 2, 1_000_000);
            int count = Number(line, repeat, 5, 1, 1000);
            using Interrupts.Scope work = terminal.Interrupts.Begin();
            using Llama llama = await ModelLoader.LoadAsync(settings, terminal, work.Token);
            (Rates prefillRates, Rates decodeRates) = await MeasureAsync(llama, prompt, answer, count, work.Token);
            if (settings.Json) JsonOutput.Write(Json(llama, prompt, answer, prefillRates, decodeRates), terminal);
            else Write(llama, prompt, answer, prefillRates, decodeRates, terminal);
            return ExitCode.Ok;
        });
        return command;
    }

    static async Task<(Rates Prefill, Rates Decode)> MeasureAsync(Llama llama, int prompt, int answer, int count, CancellationToken cancel)
    {
        Rates prefill = new(), decode = new();
        var random = new Random(1);
        // Never an end token: every answer has the same length.
        var never = llama.Checkpoint.Generation.EndTokens.ToDictionary(id => id, _ => -100f);
        var options = new GenerationOptions { Temperature = 0, MaxTokens = answer, LogitBias = never };
        long start = Stopwatch.GetTimestamp();
        bool isWarm = false;
        while (prefill.Count < count)
        {
            // Ordinary tokens, others each time: nothing of an earlier prompt may come from the cache.
            int[] ids = [.. Enumerable.Range(0, prompt).Select(_ => random.Next(Math.Min(llama.Checkpoint.Config.Text.Vocabulary, 1000)))];
            Completion done = await llama.CompleteAsync(ids, options, cancel).ToCompletionAsync(cancel);
            if (!isWarm)
            {
                isWarm = Stopwatch.GetElapsedTime(start) >= warmUp;
                continue;
            }
            prefill.Add((done.PromptTokens - done.CachedTokens) / done.PrefillTime.TotalSeconds);
            decode.Add((done.CompletionTokens - 1) / done.DecodeTime.TotalSeconds);
        }
        return (prefill, decode);
    }

    static void Write(Llama llama, int prompt, int answer, Rates prefill, Rates decode, Terminal terminal)
    {
        var table = new TextTable("test", "tokens/s", "± sd", "runs");
        table.Add($"prefill {prompt}", Number(prefill.Mean), Number(prefill.Deviation), $"{prefill.Count}");
        table.Add($"decode {answer}", Number(decode.Mean), Number(decode.Deviation), $"{decode.Count}");
        TableWriter.Write(table, terminal);
        string encodings = ModelSummary.Encodings(llama.Checkpoint);
        terminal.Out.WriteLine($"model    {llama.Checkpoint.Path}, {Units.Bytes(llama.Checkpoint.WeightBytes)}, {encodings}");
        terminal.Out.WriteLine($"machine  {llama.DeviceName}; {Units.Bytes(Memory.Total)} memory; {Processor.Runtime}");
    }

    static JsonObject Json(Llama llama, int prompt, int answer, Rates prefill, Rates decode) => new()
    {
        ["model"] = llama.Checkpoint.Path,
        ["model_bytes"] = llama.Checkpoint.WeightBytes,
        ["encodings"] = ModelSummary.Encodings(llama.Checkpoint),
        ["prefill"] = Json(prompt, prefill),
        ["decode"] = Json(answer, decode),
        ["machine"] = new JsonObject
        {
            ["device"] = llama.DeviceName,
            ["processor"] = Processor.Name,
            ["cores"] = Processor.Cores,
            ["vectors"] = new JsonArray([.. Processor.InstructionSets.Select(set => (JsonNode)set)]),
            ["memory_bytes"] = Memory.Total,
            ["runtime"] = Processor.Runtime,
        },
    };

    static JsonObject Json(int tokens, Rates rates) => new()
    {
        ["tokens"] = tokens,
        ["tokens_per_second"] = Math.Round(rates.Mean, 3),
        ["standard_deviation"] = Math.Round(rates.Deviation, 3),
        ["runs"] = new JsonArray([.. rates.Values.Select(rate => (JsonNode)Math.Round(rate, 3))]),
    };

    static string Number(double value) => value.ToString("0.0", CultureInfo.InvariantCulture);

    static int Number(ParseResult line, Option<string?> option, int missing, int least, int most)
    {
        if (line.GetValue(option) is not string text) return missing;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= least && value <= most
            ? value : throw new UsageException($"{option.Name}: found '{text}', expected a whole number from {least} to {most}");
    }
}
