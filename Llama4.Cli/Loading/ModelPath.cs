using Llama4.Cli.Configuration;
using Llama4.Cli.Interaction;

namespace Llama4.Cli.Loading;

/// <summary>Where the model is.</summary>
internal static class ModelPath
{
    /// <summary>Folder of the demo model, which lies beside the program.</summary>
    public static string Demo => Path.Combine(AppContext.BaseDirectory, "demo-model");

    public static string Of(Settings settings, Terminal terminal) => settings.Model is null ? Demo : terminal.FullPath(settings.Model);
}
