using System.Diagnostics;
using System.Text;

namespace Llama4.Tests.Cli;

/// <summary>The built program in a process of its own, with pipes on its three streams.</summary>
sealed class LlamaProcess : IDisposable
{
    static readonly TimeSpan limit = TimeSpan.FromMinutes(1);

    readonly Process process;
    readonly StringBuilder error = new();
    string ahead = "";

    public LlamaProcess(string folder, params string[] words) : this(folder, Program, words) { }

    LlamaProcess(string folder, string program, string[] words)
    {
        var start = new ProcessStartInfo(program, words)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(false),
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
        };
        // Nothing of the machine's own settings, and every folder a program might write to is the test's.
        foreach (string name in new[] { "HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME" }) start.Environment[name] = folder;
        start.Environment["TERM"] = "xterm";
        start.Environment["SHELL"] = "/bin/sh";
        start.Environment.Remove("NO_COLOR");
        string[] settings = [.. start.Environment.Keys.Where(name => name.StartsWith("LLAMA4_", StringComparison.Ordinal))];
        foreach (string name in settings) start.Environment.Remove(name);
        process = Process.Start(start)!;
        process.ErrorDataReceived += (_, line) =>
        {
            lock (error)
                if (line.Data is not null) error.Append(line.Data).Append('\n');
        };
        process.BeginErrorReadLine();
    }

    public static string Program => Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "llama4.exe" : "llama4");

    public int Id => process.Id;

    public StreamReader Out => process.StandardOutput;

    public StreamWriter In => process.StandardInput;

    /// <summary>All lines so far, all of them after <see cref="WaitAsync"/>.</summary>
    public string Error
    {
        get { lock (error) return error.ToString(); }
    }

    /// <summary>The shell's command line on a pseudo-terminal, by the system's script program; null where there is none.</summary>
    public static LlamaProcess? OnTerminal(string folder, string commandLine)
    {
        const string Script = "/usr/bin/script";
        return File.Exists(Script) && OperatingSystem.IsLinux() ? new LlamaProcess(folder, Script, ["-qec", commandLine, "/dev/null"]) : null;
    }

    /// <summary>The shell's command line.</summary>
    public static LlamaProcess InShell(string folder, string commandLine) => new(folder, "/bin/sh", ["-c", commandLine]);

    /// <summary>Closes the input, reads the output to its end; gives it with the exit code.</summary>
    public async Task<(int Code, string Output)> EndAsync()
    {
        In.Close();
        string output = await Out.ReadToEndAsync().WaitAsync(limit);
        return (await WaitAsync(), output);
    }

    public async Task<int> WaitAsync()
    {
        await process.WaitForExitAsync().WaitAsync(limit);
        return process.ExitCode;
    }

    /// <summary>Reads the output up to and including the text; gives everything that was read since the last call.</summary>
    public async Task<string> ReadUntilAsync(string text)
    {
        var buffer = new char[256];
        int end;
        while ((end = ahead.IndexOf(text, StringComparison.Ordinal)) < 0)
        {
            Task<int> reading = Out.ReadAsync(buffer.AsMemory()).AsTask();
            bool isInTime = await Task.WhenAny(reading, Task.Delay(limit)) == reading;
            int count = isInTime ? await reading : 0;
            Assert.True(count > 0, $"the output {(isInTime ? "ended" : "stopped")} before '{text}': {ahead}\n{Error}");
            ahead += new string(buffer, 0, count);
        }
        end += text.Length;
        string read = ahead[..end];
        ahead = ahead[end..];
        return read;
    }

    public void Dispose()
    {
        if (!process.HasExited) process.Kill(entireProcessTree: true);
        process.Dispose();
    }
}
