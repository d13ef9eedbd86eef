using System.Collections;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Llama4.Cli.Interaction;

/// <summary>The terminal this process was started from. All text is UTF-8.</summary>
internal static class SystemTerminal
{
    static readonly UTF8Encoding utf8 = new(encoderShouldEmitUTF8Identifier: false);

    public static Terminal Open()
    {
        if (OperatingSystem.IsWindows())
        {
            // Changes the code page of the console window; elsewhere terminals speak UTF-8 already.
            Console.OutputEncoding = Encoding.UTF8;
            Console.InputEncoding = Encoding.UTF8;
        }
        bool inIsTerminal = !Console.IsInputRedirected, outIsTerminal = !Console.IsOutputRedirected;
        bool errorIsTerminal = !Console.IsErrorRedirected;
        var output = new StreamWriter(OpenOutput(outIsTerminal), utf8, 4096);
        var error = new StreamWriter(StandardDescriptor.IsOpen(2) ? Console.OpenStandardError() : Stream.Null, utf8, 1024) { AutoFlush = true };
        var variables = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .ToDictionary(pair => (string)pair.Key, pair => (string?)pair.Value ?? "");
        bool understandsEscapes = variables.GetValueOrDefault("TERM") is not "dumb";
        return new Terminal
        {
            RawOut = output,
            RawError = error,
            Out = outIsTerminal ? new PlainTextWriter(output) : output,
            Error = errorIsTerminal ? new PlainTextWriter(error) : error,
            In = new StreamReader(StandardDescriptor.IsOpen(0) ? Console.OpenStandardInput() : Stream.Null, utf8, detectEncodingFromByteOrderMarks: true),
            InIsTerminal = inIsTerminal,
            OutIsTerminal = outIsTerminal,
            ErrorIsTerminal = errorIsTerminal,
            Keyboard = inIsTerminal && errorIsTerminal && understandsEscapes ? new SystemKeyboard(error) : null,
            Variables = variables,
            Folder = Environment.CurrentDirectory,
            SettingsFolder = Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData, Environment.SpecialFolderOption.DoNotVerify),
            Interrupts = Interrupts.OfProcess(),
            Size = WindowSize,
        };
    }

    /// <summary>Some terminals, such as those of scripts, say that they have no columns and rows.</summary>
    static (int, int) WindowSize() => Console.WindowWidth > 0 && Console.WindowHeight > 0 ? (Console.WindowWidth, Console.WindowHeight) : (80, 24);

    /// <summary>
    /// The console's own stream drops text in silence when the reader of a pipe has gone, and the model would go on for nobody: a pipe is
    /// written directly, where that is an IOException.
    /// </summary>
    static Stream OpenOutput(bool isTerminal)
    {
        if (!StandardDescriptor.IsOpen(1)) return StandardDescriptor.NoOutput();
        if (isTerminal || OperatingSystem.IsWindows()) return Console.OpenStandardOutput();
        var direct = new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0);
        // A FileStream on a regular file would not move the offset that other writers of the same redirection share.
        return direct.CanSeek ? Console.OpenStandardOutput() : direct;
    }
}
