using System.CommandLine;
using System.CommandLine.Parsing;
using Llama4.Cli.Configuration;
using Llama4.Cli.Interaction;
using Llama4.Core;
using Llama4.Kernels;
using Llama4.Kernels.Gpu;

namespace Llama4.Cli;

/// <summary>A command line from its words to the exit code. Errors become one line that says what is wrong and what to do.</summary>
internal static class Application
{
    /// <summary>EPIPE on every Unix.</summary>
    public const int BrokenPipe = 32;

    public static async Task<int> RunAsync(IReadOnlyList<string> words, Terminal terminal)
    {
        try
        {
            // Without response files and bundles: a prompt may start with @ or -.
            var plain = new ParserConfiguration { ResponseFileTokenReplacer = null, EnablePosixBundling = false };
            ParseResult line = CommandTree.Create(terminal).Parse(words, plain);
            if (UsageCheck.Problem(line) is string problem)
            {
                terminal.Error.WriteLine(problem);
                return ExitCode.Usage;
            }
            int code = await line.InvokeAsync(new InvocationConfiguration
            {
                Output = terminal.Out,
                Error = terminal.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,   // Interrupts has the signal
            });
            terminal.Out.Flush();
            return code;
        }
        catch (Exception e)
        {
            return Report(e, terminal);
        }
    }

    static int Report(Exception exception, Terminal terminal)
    {
        switch (exception)
        {
            case UsageException:
                return Fail(ExitCode.Usage, exception.Message);
            case InvalidRequestException wrong:
                return Fail(ExitCode.Usage, SettingList.InFlags(wrong));
            case ModelFormatException:
                return Fail(ExitCode.BadModelFile, exception.Message);
            case NotEnoughMemoryException:
                return Fail(ExitCode.NotEnoughMemory, exception.Message);
            case OutOfMemoryException full:
                return Fail(ExitCode.NotEnoughMemory, SettingList.InFlags(full));
            case OperationCanceledException:
                return ExitCode.Interrupted;
            case IOException { HResult: BrokenPipe }:
                return ExitCode.Ok;     // nobody reads any more, which is no fault of ours
            case IOException or UnauthorizedAccessException or NumericFaultException or DeviceUnavailableException or DeviceFaultException:
                return Fail(ExitCode.Failed, exception.Message);
            default:
                return Fail(ExitCode.Failed, $"unexpected error, please report it: {exception}");
        }

        int Fail(int code, string message)
        {
            terminal.Error.WriteLine("llama4: " + message);
            return code;
        }
    }
}
