using Llama4.Cli.Configuration;
using Llama4.Cli.Interaction;
using Llama4.Core;

namespace Llama4.Cli.Loading;

/// <summary>Where the model is.</summary>
internal static class ModelPath
{
    public static string Of(Settings settings, Terminal terminal) =>
        settings.Model is null ? Llama.DemoModelPath : terminal.FullPath(settings.Model);
}
