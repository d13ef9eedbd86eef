using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Llama4.Bench.Cpu;

/// <summary>
/// Another engine's benchmark command, called as llama.cpp's llama-bench is: -m FILE -t THREADS -p PROMPT -n TOKENS -d DEPTH -r 1 -o json; its
/// standard output is a JSON array whose first object has the rate in avg_ts, in tokens per second.
/// </summary>
/// <param name="command">A program, and arguments that come first, separated by spaces.</param>
sealed class Peer(string command)
{
    // A large model on a slow machine; a peer that hangs is not waited for longer.
    static readonly TimeSpan limit = TimeSpan.FromMinutes(30);

    /// <exception cref="InvalidOperationException">The command fails, takes too long, or prints something else.</exception>
    public double TokensPerSecond(string model, int threads, int prefill, int decode, int depth)
    {
        string[] words = command.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string[] arguments = [.. words[1..], "-m", model, "-t", Text(threads), "-p", Text(prefill), "-n", Text(decode), "-d", Text(depth), "-r", "1", "-o", "json"];
        using Process process = Process.Start(new ProcessStartInfo(words[0], arguments) { RedirectStandardOutput = true })
            ?? throw new InvalidOperationException($"the peer '{words[0]}' does not start");
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        if (!output.Wait(limit))
        {
            process.Kill(entireProcessTree: true);
            throw new InvalidOperationException($"the peer '{words[0]}' has not answered within {limit.TotalMinutes:f0} minutes");
        }
        process.WaitForExit();
        if (process.ExitCode != 0) throw new InvalidOperationException($"the peer '{words[0]} {string.Join(' ', arguments)}' ended with code {process.ExitCode}");
        return Rate(output.Result);
    }

    /// <summary>avg_ts of the first test of llama-bench's JSON output.</summary>
    internal static double Rate(string output)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(output);
            return document.RootElement[0].GetProperty("avg_ts").GetDouble();
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException or IndexOutOfRangeException)
        {
            throw new InvalidOperationException($"the peer printed no llama-bench JSON with avg_ts: {output[..Math.Min(200, output.Length)]}", error);
        }
    }

    static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
