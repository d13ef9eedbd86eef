using Llama4.Cli.Configuration;
using Llama4.Core.Generation;

namespace Llama4.Cli.Commands;

/// <summary>The settings of an answer as the library takes them.</summary>
internal static class AnswerOptions
{
    public static GenerationOptions Of(Settings settings) => new()
    {
        MaxTokens = settings.MaxTokens,
        Temperature = settings.Temperature,
        TopP = settings.TopP,
        TopK = settings.TopK,
        MinP = settings.MinP,
        Seed = settings.Seed,
        Stop = settings.Stop,
    };
}
