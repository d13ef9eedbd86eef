using Llama4.Core.Chat;
using Llama4.Core.Generation;
using Llama4.Core;
using Llama4.Core.Images;

namespace Llama4.Tests.Generation;

/// <summary>What an earlier request left in the cache is used where it is the same, and only there.</summary>
public sealed class PrefixCacheTests
{
    [Fact]
    public async Task A_turn_goes_on_from_the_reply_before_it()
    {
        await using Llama llama = await Llama.LoadAsync(cancel: DemoModel.Cancel);
        ChatMessage[] turns = [ChatMessage.User("What is the capital of France?")];
        Completion first = await Ask(llama, turns);
        turns = [.. turns, ChatMessage.Assistant(first.Text), ChatMessage.User("And of Italy?")];
        Completion second = await Ask(llama, turns);
        // All of the prompt and the reply; the reply's end token was never computed on.
        Assert.Equal(first.PromptTokens + first.Tokens.Count, second.CachedTokens);
    }

    [Fact]
    public async Task Other_pictures_in_the_same_place_are_not_taken_for_the_same()
    {
        await using Llama llama = await Llama.LoadAsync(cancel: DemoModel.Cancel);
        List<Question> pictures = [.. DemoModel.ReadQuestions().Where(q => q.Category == "picture" && !q.LoadsJpeg()).Take(4)];
        foreach (Question question in pictures.Concat(pictures))
        {
            // The pictures have one size, so the ids are the same.
            Completion answer = await Ask(llama, [ChatMessage.User(Picture(question), "How many shapes are there?")]);
            await using Llama fresh = await Llama.LoadAsync(cancel: DemoModel.Cancel);
            Completion expected = await Ask(fresh, [ChatMessage.User(Picture(question), "How many shapes are there?")]);
            Assert.Equal(expected.Tokens, answer.Tokens);
        }
    }

    [Fact]
    public async Task A_new_picture_after_one_in_the_cache_is_seen_as_by_a_fresh_model()
    {
        RgbImage[] pictures = [.. DemoModel.ReadQuestions().Where(q => q.Category is "picture" or "picture of another size").Take(3).Select(Picture)];
        await using Llama llama = await Llama.LoadAsync(cancel: DemoModel.Cancel);
        ChatMessage[] turns = [];
        foreach (RgbImage picture in pictures)
        {
            turns = [.. turns, ChatMessage.User(picture, "What color is the shape?")];
            Completion answer = await Ask(llama, turns);
            await using Llama fresh = await Llama.LoadAsync(cancel: DemoModel.Cancel);
            Completion expected = await Ask(fresh, turns);
            Assert.Equal(expected.Tokens, answer.Tokens);
            Assert.Equal(turns.Length > 1, answer.CachedTokens > 0);
            turns = [.. turns, ChatMessage.Assistant(answer.Text)];
        }
    }

    [Fact]
    public void The_common_start_of_two_prompts_ends_at_the_first_other_id_or_picture()
    {
        static RgbImage Picture(byte grey) => new(4, 4, [.. Enumerable.Repeat(grey, 48)]);
        PromptImage Image(byte grey, int start) => new(ImageTiles.Make(Picture(grey), vision), start, 4, 2, 9);

        Prompt prompt = new([1, 2, 8, 9, 9, 8, 3, 8, 9, 9, 8, 4], [Image(10, 2), Image(20, 7)]);
        Assert.Equal(12, prompt.CommonLength(prompt.Ids, prompt.Images));
        Assert.Equal(1, prompt.CommonLength([1, 3], []));
        Assert.Equal(2, prompt.CommonLength(prompt.Ids, [Image(11, 2), Image(20, 7)]));
        Assert.Equal(7, prompt.CommonLength(prompt.Ids, [Image(10, 2), Image(21, 7)]));
        Assert.Equal(6, prompt.CommonLength(prompt.Ids.AsSpan(0, 6), [Image(10, 2)]));
        Assert.Equal((2, 1), (prompt.PatchesBefore(7), prompt.TilesBefore(7)));
        Assert.Equal((3, 1), (prompt.PatchesBefore(9), prompt.TilesBefore(9)));
    }

    static readonly Core.Model.VisionConfig vision = new()
    {
        Width = 8,
        Layers = 1,
        Heads = 1,
        FeedForwardWidth = 8,
        TileSize = 4,
        PatchSize = 2,
        MaxTiles = 1,
    };

    static RgbImage Picture(Question question) =>
        question.LoadMessages().SelectMany(message => message.Content).OfType<ImagePart>().Single().Image;

    static Task<Completion> Ask(Llama llama, IReadOnlyList<ChatMessage> messages) =>
        llama.ChatAsync(messages, cancel: DemoModel.Cancel).WholeAsync();
}
