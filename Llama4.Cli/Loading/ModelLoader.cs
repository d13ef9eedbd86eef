using Llama4.Cli.Configuration;
using Llama4.Cli.Interaction;
using Llama4.Cli.Machine;
using Llama4.Core;
using Llama4.Core.Formats;
using Llama4.Kernels;

namespace Llama4.Cli.Loading;

/// <summary>Loads the model that the settings name: first what it will need, then its weights, with progress on standard error.</summary>
internal static class ModelLoader
{
    /// <summary>Loading that takes less than this is not worth a report.</summary>
    static readonly TimeSpan quiet = TimeSpan.FromSeconds(0.5);

    /// <param name="parallel">Requests that will be made at once.</param>
    /// <exception cref="NotEnoughMemoryException">It does not fit.</exception>
    public static async Task<Llama> LoadAsync(Settings settings, Terminal terminal, CancellationToken cancel, int parallel = 1)
    {
        string? mmproj = settings.Mmproj is null ? null : terminal.FullPath(settings.Mmproj);
        Checkpoint checkpoint = Checkpoint.Open(ModelPath.Of(settings, terminal), mmproj);
        LlamaOptions options;
        try
        {
            options = Check(checkpoint, settings, terminal) with { MaxParallel = parallel };
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
        var report = new LoadReport(terminal, quiet);
        Task<Llama> loading = Llama.LoadAsync(checkpoint, options, report, cancel);
        if (terminal.StyleError && await Task.WhenAny(loading, Task.Delay(quiet, terminal.Time, cancel)) != loading)
            await LoadBar.ShowAsync(report, loading, terminal);
        Llama llama = await loading;
        if (llama.DeviceNote is string note) terminal.Error.WriteLine("note: " + note);
        return llama;
    }

    static LlamaOptions Check(Checkpoint checkpoint, Settings settings, Terminal terminal)
    {
        if (settings.Device is null && (settings.GpuLayers ?? settings.CpuExperts) is not null)
            throw new UsageException($"{SettingList.GpuLayers.Flag} and {SettingList.CpuExperts.Flag} divide a model between processor and GPU: "
                + $"also say {SettingList.Device.Flag} cuda, or auto");
        var options = new LlamaOptions { Threads = settings.Threads, ContextSize = settings.Context };
        options = options with { Device = settings.Device ?? options.Device, GpuLayers = settings.GpuLayers, CpuExperts = settings.CpuExperts ?? 0 };
        if (settings.CpuPath is string path) options = options with { CpuPath = path };
        if (settings.Repack is bool repack) options = options with { Repack = repack };
        if (settings.Kv is Encoding encoding) options = options with { CacheEncoding = encoding };
        foreach (string warning in checkpoint.Warnings) terminal.Error.WriteLine("warning: " + warning);

        // Without a wish the library chooses a context that fits; a conversation of one page is the least of it.
        int context = Math.Min(settings.Context ?? 1, checkpoint.Config.Text.MaxContext);
        MemoryEstimate estimate = MemoryEstimate.Of(checkpoint, context, options.CacheEncoding);
        // What goes on a GPU the library checks when it knows how much that is.
        if (options.Device == "cpu" && estimate.Check(Memory.Available, context) is string slow) terminal.Error.WriteLine("warning: " + slow);
        return settings.Context is null ? options : options with { CacheBytes = Math.Max(1, estimate.Cache) };
    }
}
