using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Llama4.Cli.Configuration;
using Llama4.Cli.Interaction;
using Llama4.Cli.Loading;
using Llama4.Cli.Output;
using Llama4.Core;
using Llama4.Core.Chat;
using Llama4.Core.Generation;
using Llama4.Core.Images;

namespace Llama4.Cli.Commands;

/// <summary>Asks a list of questions greedily and compares the answers.</summary>
internal static class EvalCommand
{
    /// <summary>Where a list's answers were cut when they did not end by themselves.</summary>
    const int AnswerTokens = 160;

    /// <summary>Questions that are answered together: the weights are read once for all of them.</summary>
    const int AtOnce = 8;

    const double EnoughByDefault = 0.95;

    public static Command Create(Terminal terminal, CommandOptions options)
    {
        var file = new Argument<string?>("file")
        {
            Arity = ArgumentArity.ZeroOrOne,
            Description = "Lines of JSON with messages and answer, pictures beside. Default: the demo model's list.",
        };
        var least = new Option<string?>("--at-least")
        {
            HelpName = "SHARE",
            Description = "Share of equal answers, 0 to 1, that makes the exit code 0. Default: 0.95.",
        };
        var command = new Command("eval", "Ask a list of questions and compare the answers: is this installation right?") { file, least };
        options.AddTo(command, [.. SettingList.Loading, SettingList.MaxTokens, SettingList.Json]);
        command.SetAction(async (line, _) =>
        {
            if (SettingsOf.Command(line, options, terminal) is not Settings settings) return ExitCode.Ok;
            double enough = Share(line.GetValue(least));
            string list = line.GetValue(file) is string named ? terminal.FullPath(named) : Path.Combine(Llama.DemoModelPath, "questions.jsonl");
            IReadOnlyList<Question> questions = QuestionList.Read(list, path => RgbImage.Load(path));
            if (questions.Count == 0) throw new UsageException($"{list}: holds no questions");
            using Interrupts.Scope work = terminal.Interrupts.Begin();
            using Llama llama = await ModelLoader.LoadAsync(settings, terminal, work.Token, AtOnce);
            Tally tally = await AskAsync(llama, questions, settings, terminal, work.Token);
            return tally.Share >= enough ? ExitCode.Ok : ExitCode.Failed;
        });
        return command;
    }

    static async Task<Tally> AskAsync(
        Llama llama, IReadOnlyList<Question> questions, Settings settings, Terminal terminal, CancellationToken cancel)
    {
        var tally = new Tally();
        var differences = new JsonArray();
        var underWay = new Queue<Task<Completion>>();
        foreach (Question question in questions)
        {
            while (underWay.Count < AtOnce && tally.Count + underWay.Count < questions.Count)
                underWay.Enqueue(AnswerAsync(llama, questions[tally.Count + underWay.Count], settings, cancel));
            Completion answer = await underWay.Dequeue();
            bool equal = answer.Text == question.Answer;
            tally.Add(equal);
            if (terminal.StyleError) terminal.RawError.Write($"\r\e[K{tally.Count} of {questions.Count} asked, {tally.Equal} equal");
            if (equal) continue;
            if (settings.Json)
            {
                differences.Add(new JsonObject
                {
                    ["line"] = question.Line,
                    ["category"] = question.Category,
                    ["margin"] = question.Margin,
                    ["expected"] = question.Answer,
                    ["found"] = answer.Text,
                });
                continue;
            }
            if (terminal.StyleError) terminal.RawError.Write("\r\e[K");
            string margin = question.Margin is double gap ? $", margin {gap.ToString(CultureInfo.InvariantCulture)}" : "";
            terminal.Out.WriteLine($"line {question.Line}{(question.Category.Length > 0 ? $" ({OneLine.Of(question.Category)})" : "")}{margin}");
            terminal.Out.WriteLine($"  expected {OneLine.Of(question.Answer, int.MaxValue)}\n  found    {OneLine.Of(answer.Text, int.MaxValue)}");
            terminal.Out.Flush();
        }
        if (terminal.StyleError) terminal.RawError.Write("\r\e[K");
        if (settings.Json) JsonOutput.Write(tally.Json(differences), terminal);
        else terminal.Out.WriteLine(tally);
        return tally;
    }

    static Task<Completion> AnswerAsync(Llama llama, Question question, Settings settings, CancellationToken cancel)
    {
        var options = new GenerationOptions { Temperature = 0, MaxTokens = settings.MaxTokens ?? AnswerTokens, Tools = question.Tools };
        return llama.ChatAsync(question.LoadMessages(), options, cancel).ToCompletionAsync(cancel);
    }

    static double Share(string? text)
    {
        if (text is null) return EnoughByDefault;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double share) && share is >= 0 and <= 1
            ? share : throw new UsageException($"--at-least: found '{text}', expected a number from 0 to 1");
    }
}
