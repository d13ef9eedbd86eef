using System.Globalization;
using System.Numerics;
using Llama4.Kernels;

namespace Llama4.Cli.Configuration;

/// <summary>Texts to checked settings. Every complaint names the place the text came from.</summary>
internal static class SettingsReader
{
    /// <exception cref="UsageException">A value is not of its kind or out of its range.</exception>
    public static Settings Read(SettingValues values) =>
        SettingList.All.Select(values.Find).OfType<SettingValue>().Aggregate(new Settings(), Apply);

    /// <summary>The settings with one more value.</summary>
    /// <exception cref="UsageException">The value is not of its kind or out of its range.</exception>
    public static Settings Apply(Settings settings, SettingValue value) => value.Setting.Name switch
    {
        "model" => settings with { Model = Text(value) },
        "mmproj" => settings with { Mmproj = Text(value) },
        "ctx" => settings with { Context = Number(value, 1, int.MaxValue) },
        "threads" => settings with { Threads = Number(value, 1, 1024) },
        "cpu-path" => settings with { CpuPath = Text(value) },
        "repack" => settings with { Repack = Choice(value) == "on" },
        "kv" => settings with { Kv = Format(value) },
        "device" => settings with { Device = Text(value) },
        "gpu-layers" => settings with { GpuLayers = Number(value, 0, 100_000) },
        "cpu-experts" => settings with { CpuExperts = Number(value, 0, 100_000) },
        "temperature" => settings with { Temperature = Number(value, 0f, 10f) },
        "top-p" => settings with { TopP = Number(value, 0f, 1f) },
        "top-k" => settings with { TopK = Number(value, 0, 1_000_000) },
        "min-p" => settings with { MinP = Number(value, 0f, 1f) },
        "seed" => settings with { Seed = Number(value, 0UL, ulong.MaxValue) },
        "max-tokens" => settings with { MaxTokens = Number(value, 1, int.MaxValue) },
        "stop" => settings with { Stop = StopTexts(value) },
        "system" => settings with { System = Text(value) },
        "json" => settings with { Json = Switch(value) },
        _ => throw new ArgumentException($"no setting is called {value.Setting.Name}", nameof(value)),
    };

    static T Number<T>(SettingValue value, T least, T most) where T : struct, INumber<T>
    {
        string text = Text(value);
        bool isWhole = typeof(T) != typeof(float);
        NumberStyles style = isWhole ? NumberStyles.AllowLeadingSign : NumberStyles.Float;
        if (!T.TryParse(text, style, CultureInfo.InvariantCulture, out T number) || !(number >= least && number <= most))
            throw Wrong(value, text, $"a {(isWhole ? "whole " : "")}number from {least} to {most}");
        return number;
    }

    static Encoding Format(SettingValue value) => Enum.Parse<Encoding>(Choice(value), ignoreCase: true);

    static string Choice(SettingValue value)
    {
        string text = Text(value);
        return value.Setting.Choices.Contains(text) ? text : throw Wrong(value, text, $"one of {string.Join(", ", value.Setting.Choices)}");
    }

    static bool Switch(SettingValue value) => Text(value) switch
    {
        "true" or "1" => true,
        "false" or "0" => false,
        string text => throw Wrong(value, text, "true or false"),
    };

    static IReadOnlyList<string> StopTexts(SettingValue value) =>
        value.Texts.All(text => text.Length > 0) ? value.Texts : throw Wrong(value, "", "a text that is not empty");

    static string Text(SettingValue value) =>
        value.Texts.Count == 1 ? value.Texts[0] : throw new UsageException($"{value.Source}: {value.Texts.Count} values, expected one");

    static UsageException Wrong(SettingValue value, string found, string expected) =>
        new($"{value.Source}: found '{found}', expected {expected}");
}
