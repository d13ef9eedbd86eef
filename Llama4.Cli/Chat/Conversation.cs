using Llama4.Core.Chat;
using Llama4.Core.Images;

namespace Llama4.Cli.Chat;

/// <summary>The messages so far, and the pictures waiting for the next one.</summary>
internal sealed class Conversation
{
    readonly List<ChatMessage> messages = [];
    readonly List<PictureFile> waiting = [];
    readonly Dictionary<RgbImage, string> paths = new(ReferenceEqualityComparer.Instance);

    /// <summary>The system message; null for none.</summary>
    public string? System { get; set; }

    /// <summary>Everything that the model sees, the system message first.</summary>
    public IReadOnlyList<ChatMessage> Messages => System is null ? messages : [ChatMessage.System(System), .. messages];

    public bool IsEmpty => messages.Count == 0;

    public IReadOnlyList<PictureFile> Waiting => waiting;

    /// <summary>A picture for the next message.</summary>
    public void Attach(PictureFile picture) => waiting.Add(picture);

    /// <summary>A message of the user with the waiting pictures before its text.</summary>
    public void AddUser(string text)
    {
        foreach (PictureFile picture in waiting) paths[picture.Image] = picture.Path;
        IEnumerable<ContentPart> pictures = waiting.Select(picture => new ImagePart(picture.Image));
        messages.Add(waiting.Count == 0 ? ChatMessage.User(text) : ChatMessage.User([.. pictures, new TextPart(text)]));
        waiting.Clear();
    }

    public void AddAssistant(string text) => messages.Add(ChatMessage.Assistant(text));

    /// <summary>Takes back the last message of the user and what followed, as if it had never been sent; its pictures wait again.</summary>
    public void TakeBackUser()
    {
        int last = messages.FindLastIndex(message => message.Role == "user");
        waiting.InsertRange(0, messages[last].Content.OfType<ImagePart>().Select(part => new PictureFile(paths[part.Image], part.Image)));
        messages.RemoveRange(last, messages.Count - last);
    }

    /// <summary>Takes back the answer to the last message. False when there is no message to answer again.</summary>
    public bool TakeBackAnswer()
    {
        int last = messages.FindLastIndex(message => message.Role == "user");
        if (last < 0) return false;
        messages.RemoveRange(last + 1, messages.Count - last - 1);
        return true;
    }

    /// <summary>Forgets everything but the system message.</summary>
    public void Clear()
    {
        messages.Clear();
        waiting.Clear();
        paths.Clear();
    }

    /// <summary>Where a picture came from.</summary>
    public string PathOf(RgbImage image) => paths[image];

    /// <summary>Continues another conversation from here.</summary>
    /// <param name="pathOf">Where the pictures of its messages came from.</param>
    public void Replace(string? system, IEnumerable<ChatMessage> others, IReadOnlyDictionary<RgbImage, string> pathOf)
    {
        Clear();
        System = system;
        messages.AddRange(others);
        foreach ((RgbImage image, string path) in pathOf) paths[image] = path;
    }
}
