using Llama4.Core;
using Llama4.Core.Chat;
using Llama4.Core.Generation;
using Llama4.Core.Images;
using Llama4.Core.Sampling;
using Llama4.Tests.Generation;

[assembly: AssemblyFixture(typeof(DemoModel))]

namespace Llama4.Tests.Generation;

/// <summary>The embedded model, loaded once for all tests that only ask it things.</summary>
public sealed class DemoModel : IAsyncDisposable
{
    readonly Lazy<Task<Llama>> llama = new(() => Llama.LoadAsync());

    public static string Questions => Path.Combine(Llama.DemoModelPath, "questions.jsonl");

    /// <summary>Ends a test that is taking too long.</summary>
    public static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public Task<Llama> LlamaAsync() => llama.Value;

    public static IReadOnlyList<Question> ReadQuestions() => QuestionList.Read(Questions, path => RgbImage.Load(path));

    /// <summary>Everything that must be equal when two runs are: ids, texts and log probabilities to the bit.</summary>
    public static async Task<List<string>> TraceAsync(IAsyncEnumerable<Piece> pieces)
    {
        List<string> trace = [];
        await foreach (Piece piece in pieces)
        {
            string top = string.Join(' ', (piece.TopLogProbs ?? []).Select(Bits));
            trace.Add($"{piece.TokenId} {piece.Text} {Bits(piece.LogProb)} {top} {piece.Completion?.FinishReason}");
        }
        return trace;
    }

    public async ValueTask DisposeAsync()
    {
        if (llama.IsValueCreated) await (await llama.Value).DisposeAsync();
    }

    static string Bits(float? value) => value is float x ? BitConverter.SingleToUInt32Bits(x).ToString("x8") : "-";

    static string Bits(TokenLogProb token) => $"{token.Id}:{Bits(token.LogProb)}";
}

static class PieceStreamExtensions
{
    /// <summary>Waits for the end of an answer, at most as long as the test may take.</summary>
    public static Task<Completion> WholeAsync(this IAsyncEnumerable<Piece> pieces) => pieces.ToCompletionAsync(DemoModel.Cancel);
}
