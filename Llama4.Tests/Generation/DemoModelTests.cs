using Llama4.Core;
using Llama4.Core.Chat;
using Llama4.Core.Generation;

namespace Llama4.Tests.Generation;

/// <summary>The embedded model says what the reference says (DemoModel/README.md).</summary>
public sealed class DemoModelTests(DemoModel demo, ITestOutputHelper output)
{
    [Fact]
    public async Task Questions_are_answered_as_by_the_reference()
    {
        Llama llama = await demo.LlamaAsync();
        IReadOnlyList<Question> questions = DemoModel.ReadQuestions();
        Assert.Equal(160, questions.Count);
        Completion[] answers = await Task.WhenAll(questions.Select(q => llama.ChatAsync(
            q.LoadMessages(), new GenerationOptions { MaxTokens = 160, Tools = q.Tools }, DemoModel.Cancel).ToCompletionAsync()));

        int equal = 0;
        List<string> wrong = [];
        foreach ((Question question, Completion answer) in questions.Zip(answers))
        {
            Assert.Equal(question.PromptTokens, answer.PromptTokens);
            bool same = answer.Text == question.Answer && answer.Tokens.SequenceEqual(question.Tokens!);
            if (same) equal++;
            else output.WriteLine($"line {question.Line}, {question.Category}, margin {question.Margin}: {question.Answer} | {answer.Text}");
            // JPEG decoders may differ by some units, and near ties may then fall to the other side.
            bool jpeg = question.LoadsJpeg();
            if (!same && !jpeg && question.Margin > 0.05) wrong.Add($"line {question.Line}");
        }
        output.WriteLine($"{equal} of {questions.Count} equal");
        Assert.True(wrong.Count == 0, "differ without a near tie: " + string.Join(", ", wrong));
        Assert.True(equal >= 152, $"{equal} of 160 equal, expected 152 (95 %)");
    }

    [Fact]
    public async Task Plain_text_goes_on_as_by_the_reference()
    {
        Completion text = await (await demo.LlamaAsync()).CompleteAsync("Roses are red,", cancel: DemoModel.Cancel).WholeAsync();
        Assert.Equal(" violets are blue, the birds all sing, and my words are few.", text.Text);
        Assert.Equal(FinishReason.Stop, text.FinishReason);
        Assert.Equal(text.Tokens.Count + 1, text.CompletionTokens);
    }

    [Fact]
    public async Task Every_function_call_is_found()
    {
        Llama llama = await demo.LlamaAsync();
        List<Question> calls = [.. DemoModel.ReadQuestions().Where(q => q.Category == "tool call")];
        Assert.Equal(8, calls.Count);
        foreach (Question question in calls)
        {
            Completion answer = await llama.ChatAsync(question.LoadMessages(), new GenerationOptions { Tools = question.Tools }, DemoModel.Cancel)
                .WholeAsync();
            Assert.Equal(FinishReason.ToolCalls, answer.FinishReason);
            ToolCall call = Assert.Single(answer.ToolCalls);
            Assert.StartsWith($"[{call.Name}(", answer.Text);
        }
    }
}

static class QuestionExtensions
{
    /// <summary>Whether one of the question's pictures is a JPEG file.</summary>
    public static bool LoadsJpeg(this Question question) =>
        File.ReadLines(DemoModel.Questions).ElementAt(question.Line - 1).Contains(".jpg\"");
}
