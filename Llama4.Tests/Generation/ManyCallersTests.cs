using Llama4.Core;
using Llama4.Core.Chat;
using Llama4.Core.Generation;

namespace Llama4.Tests.Generation;

/// <summary>U40: calls side by side do not touch each other.</summary>
public sealed class ManyCallersTests(DemoModel demo)
{
    [Fact]
    public async Task Thirty_two_calls_mixed_with_cancels_and_errors_equal_solo_runs()
    {
        Llama llama = await demo.LlamaAsync();
        List<Question> questions = [.. DemoModel.ReadQuestions().Where(q => q.PromptTokens < 150).Take(8)];
        GenerationOptions options = new() { Temperature = 0.9f, MaxTokens = 40, TopLogProbs = 1 };
        var solo = new List<string>[questions.Count];
        for (int i = 0; i < solo.Length; i++) solo[i] = await Trace(i, DemoModel.Cancel);

        await Task.WhenAll(Enumerable.Range(0, 32).Select(async call =>
        {
            int index = call % questions.Count;
            switch (call % 4)
            {
                case 1:
                    using (var cancel = new CancellationTokenSource())
                    {
                        int pieces = 0;
                        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
                        {
                            await foreach (Piece _ in llama.ChatAsync("Tell me a story.", CancellationTests.endless, cancel.Token))
                                if (++pieces > call) await cancel.CancelAsync();
                        });
                    }
                    break;
                case 3:
                    await Assert.ThrowsAsync<InvalidRequestException>(() =>
                        llama.CompleteAsync([.. new int[5000]], cancel: DemoModel.Cancel).WholeAsync());
                    break;
                default:
                    Assert.Equal(solo[index], await Trace(index, DemoModel.Cancel));
                    break;
            }
        }));

        Task<List<string>> Trace(int index, CancellationToken cancel) => DemoModel.TraceAsync(
            llama.ChatAsync(questions[index].LoadMessages(), options with { Seed = (ulong)index, Tools = questions[index].Tools }, cancel));
    }
}
