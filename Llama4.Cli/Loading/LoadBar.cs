using Llama4.Cli.Interaction;
using Llama4.Core.Formats;
using Spectre.Console;

namespace Llama4.Cli.Loading;

/// <summary>A progress bar with bytes and the time left, on a terminal.</summary>
internal static class LoadBar
{
    static readonly TimeSpan interval = TimeSpan.FromSeconds(0.1);

    /// <summary>Shows it until the task has ended, however it ends.</summary>
    public static Task ShowAsync(LoadReport report, Task loading, Terminal terminal)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(terminal.RawError),
            Ansi = AnsiSupport.Yes,
            Interactive = InteractionSupport.Yes,
        });
        console.Profile.Width = terminal.Size().Columns;
        return console.Progress()
            .AutoClear(true)
            .Columns(
                new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(),
                new DownloadedColumn { Base = FileSizeBase.Binary }, new RemainingTimeColumn())
            .StartAsync(async context =>
            {
                ProgressTask task = context.AddTask(report.What);
                while (!loading.IsCompleted)
                {
                    LoadProgress last = report.Last;
                    task.MaxValue = Math.Max(1, last.BytesTotal);
                    task.Value = last.BytesDone;
                    await Task.WhenAny(loading, Task.Delay(interval, terminal.Time));
                }
            });
    }
}
