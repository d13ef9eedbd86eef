using Llama4.Cli;
using Llama4.Cli.Interaction;
using Llama4.Tests.Formats;

namespace Llama4.Tests.Cli;

/// <summary>The process would be gone by now.</summary>
sealed class ProcessEndedException : Exception;

/// <summary>A terminal in memory: what a command would read, and what it wrote.</summary>
sealed class TestTerminal : IDisposable
{
    readonly TempFolder folder = new();

    public StringWriter Out { get; } = new();

    public StringWriter Error { get; } = new();

    /// <summary>Piped standard input.</summary>
    public string Input { get; init; } = "";

    /// <summary>Another reader for standard input.</summary>
    public TextReader? OtherIn { get; init; }

    /// <summary>Another writer for standard output.</summary>
    public TextWriter? OtherOut { get; init; }

    public Dictionary<string, string> Variables { get; } = [];

    public IKeyboard? Keyboard { get; init; }

    public bool IsTerminal { get; init; }

    public int Columns { get; set; } = 80;

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Codes that the process would have ended with.</summary>
    public List<int> Exits { get; } = [];

    public Interrupts Interrupts => interrupts ??= new Interrupts(code =>
    {
        Exits.Add(code);
        throw new ProcessEndedException();
    });

    Interrupts? interrupts;

    /// <summary>The folder that relative paths start from; settings are looked for in "settings" in it.</summary>
    public TempFolder Folder => folder;

    public Terminal Terminal
    {
        get
        {
            TextWriter output = OtherOut ?? Out;
            return new Terminal
            {
                Out = IsTerminal ? new PlainTextWriter(output) : output,
                Error = IsTerminal ? new PlainTextWriter(Error) : Error,
                RawOut = output,
                RawError = Error,
                In = OtherIn ?? new StringReader(Input),
                InIsTerminal = IsTerminal,
                OutIsTerminal = IsTerminal,
                ErrorIsTerminal = IsTerminal,
                Keyboard = Keyboard,
                Variables = Variables,
                Folder = folder.Root,
                SettingsFolder = folder["settings"],
                Interrupts = Interrupts,
                Time = Time,
                Size = () => (Columns, 24),
            };
        }
    }

    public Task<int> RunAsync(params string[] words) => Application.RunAsync(words, Terminal);

    /// <summary>Runs a command that has to succeed; gives its standard output.</summary>
    public async Task<string> OutputAsync(params string[] words)
    {
        int code = await RunAsync(words);
        Assert.True(code == 0, $"exit code {code}: {Error}");
        return Out.ToString();
    }

    /// <summary>Runs a command that has to fail with this code; gives its standard error.</summary>
    public async Task<string> FailureAsync(int code, params string[] words)
    {
        int actual = await RunAsync(words);
        Assert.True(code == actual, $"exit code {actual}, expected {code}; standard error: {Error}");
        return Error.ToString();
    }

    public string WriteConfig(string json)
    {
        Directory.CreateDirectory(folder[Path.Combine("settings", "llama4")]);
        return folder.Write(Path.Combine("settings", "llama4", "config.json"), json);
    }

    public void Dispose() => folder.Dispose();
}
