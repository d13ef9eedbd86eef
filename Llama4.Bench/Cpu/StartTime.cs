using System.Diagnostics;

namespace Llama4.Bench.Cpu;

/// <summary>How long a command takes from the start of its process to its first output.</summary>
static class StartTime
{
    /// <summary>Milliseconds of each round.</summary>
    /// <param name="command">A program and its arguments, separated by spaces.</param>
    /// <exception cref="InvalidOperationException">The command prints nothing.</exception>
    public static double[] Milliseconds(string command, int rounds)
    {
        string[] words = command.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var times = new double[rounds];
        for (int round = 0; round < rounds; round++)
        {
            long start = Stopwatch.GetTimestamp();
            using Process process = Process.Start(new ProcessStartInfo(words[0], words[1..]) { RedirectStandardOutput = true, RedirectStandardError = true })
                ?? throw new InvalidOperationException($"'{words[0]}' does not start");
            Task<string> errors = process.StandardError.ReadToEndAsync();
            if (process.StandardOutput.BaseStream.ReadByte() < 0) throw new InvalidOperationException($"'{command}' printed nothing; its errors: {errors.Result}");
            times[round] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            process.StandardOutput.ReadToEnd();
            process.WaitForExit();
        }
        return times;
    }
}
