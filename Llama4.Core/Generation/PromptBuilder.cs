using Llama4.Core.Chat;
using Llama4.Core.Formats;
using Llama4.Core.Images;
using Llama4.Core.Model;
using Llama4.Core.Tokenization;

namespace Llama4.Core.Generation;

/// <summary>Makes token ids of messages and texts. Safe for use from several threads.</summary>
internal sealed class PromptBuilder
{
    readonly Checkpoint checkpoint;
    readonly Llama4Tokenizer tokenizer;
    readonly ChatTemplate template;
    readonly VisionConfig? vision;

    /// <param name="hasVision">Whether the checkpoint brings the weights of its vision part.</param>
    public PromptBuilder(Checkpoint checkpoint, Llama4Tokenizer tokenizer, bool hasVision)
    {
        this.checkpoint = checkpoint;
        this.tokenizer = tokenizer;
        vision = hasVision ? checkpoint.Config.Vision : null;
        template = checkpoint.ChatTemplate is { } source
            ? ChatTemplate.Parse(source, $"{checkpoint.Path}: chat template", ControlText(tokenizer.Begin) ?? "<|begin_of_text|>")
            : ChatTemplate.Llama4;
    }

    /// <summary>The begin token, where the checkpoint wants one, and the text.</summary>
    /// <exception cref="InvalidRequestException">The text is too long.</exception>
    public Prompt Text(string text)
    {
        List<int> ids = [];
        if (WantsBegin) ids.Add(tokenizer.Begin);
        tokenizer.Encode(text, ids);
        return new Prompt([.. ids], []);
    }

    /// <summary>The ids as they are.</summary>
    /// <exception cref="InvalidRequestException">An id is not in the vocabulary.</exception>
    public Prompt Ids(IReadOnlyList<int> ids)
    {
        int vocabulary = checkpoint.Config.Text.Vocabulary;
        foreach (int id in ids)
            if (id < 0 || id >= vocabulary)
                throw new InvalidRequestException($"prompt: there is no token {id}, ids are 0 to {vocabulary - 1}") { Field = "prompt" };
        return new Prompt([.. ids], []);
    }

    /// <summary>A conversation by the chat template, its images in place.</summary>
    /// <exception cref="InvalidRequestException">The template refuses the messages, or images cannot be placed.</exception>
    public Prompt Chat(IReadOnlyList<ChatMessage> messages, GenerationOptions options)
    {
        if (messages.Count == 0) throw new InvalidRequestException("messages: there is none, expected at least one") { Field = "messages" };
        List<RgbImage> images = [.. messages.SelectMany(message => message.Content).OfType<ImagePart>().Select(part => part.Image)];
        ImageLimits.Default.CheckRequest(images);
        ChatTemplateOptions templateOptions = options.Template ?? new ChatTemplateOptions();
        if (options.Tools is not null) templateOptions = templateOptions with { Tools = options.Tools };
        int[] ids = tokenizer.EncodeTrusted(template.Render(messages, templateOptions));
        if (WantsBegin && (ids.Length == 0 || ids[0] != tokenizer.Begin)) ids = [tokenizer.Begin, .. ids];
        return Place(images, ids);
    }

    bool WantsBegin => checkpoint.Generation.AddBegin && tokenizer.Begin >= 0;

    /// <summary>Puts the k-th image's block where the template wrote its k-th placeholder.</summary>
    Prompt Place(List<RgbImage> images, int[] ids)
    {
        int places = tokenizer.Image < 0 ? 0 : ids.AsSpan().Count(tokenizer.Image);
        if (images.Count == 0 && places == 0) return new Prompt(ids, []);
        if (vision is null)
            throw new InvalidRequestException($"the messages have {images.Count} images, but this model has no vision part") { Field = "messages" };
        if (places != images.Count)
            throw new InvalidRequestException(
                $"the messages have {images.Count} images, but the chat template has places for {places}")
            { Field = "messages" };

        var tokens = ImageTokens.From(checkpoint.Tokenizer);
        var placed = new List<PromptImage>();
        var all = new List<int>(ids.Length);
        foreach (int id in ids)
        {
            if (id != tokenizer.Image)
            {
                all.Add(id);
                continue;
            }
            var tiles = ImageTiles.Make(images[placed.Count], vision);
            int start = all.Count;
            ImagePrompt.Append(tiles.Layout, tokens, vision.TokensPerTile, all);
            placed.Add(new PromptImage(tiles, start, all.Count - start, tiles.Layout.Tiles * vision.TokensPerTile, tokens.Patch));
        }
        return new Prompt([.. all], placed);
    }

    string? ControlText(int id) =>
        checkpoint.Tokenizer.ControlTokens.Where(token => token.Value == id).Select(token => token.Key).FirstOrDefault();
}
