using Llama4.Cli;
using Llama4.Cli.Chat;
using Llama4.Core.Chat;
using Llama4.Tests.Formats;

namespace Llama4.Tests.Cli;

public sealed class ConversationFileTests : IDisposable
{
    readonly TempFolder folder = new();

    [Fact]
    public void What_is_saved_is_loaded_again()
    {
        File.Copy(Path.Combine(Core.Llama.DemoModelPath, "images", "003.png"), folder["a picture.png"]);
        var conversation = new Conversation { System = "Be \"brief\".\n" };
        conversation.Attach(PictureFile.Load(folder["a picture.png"]));
        conversation.AddUser("What is this? 日本 😀");
        conversation.AddAssistant("A star.");
        conversation.AddUser("Sure?");
        ConversationFile.Save(conversation, folder["talk.json"]);
        Assert.Contains("\"a picture.png\"", File.ReadAllText(folder["talk.json"]));

        var loaded = new Conversation();
        ConversationFile.Load(loaded, folder["talk.json"]);
        Assert.Equal(conversation.System, loaded.System);
        Assert.Equal(conversation.Messages.Select(Describe), loaded.Messages.Select(Describe));
        ConversationFile.Save(loaded, folder["again.json"]);
        Assert.Equal(File.ReadAllText(folder["talk.json"]), File.ReadAllText(folder["again.json"]));

        static string Describe(ChatMessage message) =>
            message.Role + ":" + string.Join('|', message.Content.Select(part => part is TextPart text ? text.Text : "picture"));
    }

    [Fact]
    public void Saving_replaces_a_file_and_leaves_no_other()
    {
        folder.Write("talk.json", "old");
        var conversation = new Conversation();
        conversation.AddUser("hi");
        ConversationFile.Save(conversation, folder["talk.json"]);
        Assert.Equal([folder["talk.json"]], Directory.GetFiles(folder.Root));
        Assert.Contains("\"hi\"", File.ReadAllText(folder["talk.json"]));
    }

    [Theory]
    [InlineData("{", "not valid JSON")]
    [InlineData("3", "has no list \"messages\"")]
    [InlineData("{}", "has no list \"messages\"")]
    [InlineData("""{"messages": [3]}""", "messages[0]: no text \"role\"")]
    [InlineData("""{"messages": [{"role": "robot", "content": "hi"}]}""", "messages[0].role: 'robot' is neither system, user nor assistant")]
    [InlineData("""{"messages": [{"role": "user", "content": null}]}""", "messages[0].content: expected a text or a list of parts")]
    [InlineData("""{"messages": [{"role": "user", "content": 3}]}""", "messages[0]: no text \"content\"")]
    [InlineData("""[{"role": "user", "content": [{"type": "video"}]}]""", "messages[0].content[0].type: 'video' is neither text nor image")]
    [InlineData("""[{"role": "user", "content": "\ud800"}]""", "not valid JSON")]
    public void A_file_that_is_no_conversation_changes_nothing(string json, string message)
    {
        folder.Write("talk.json", json);
        var conversation = new Conversation { System = "kept" };
        conversation.AddUser("kept too");
        UsageException refused = Assert.Throws<UsageException>(() => ConversationFile.Load(conversation, folder["talk.json"]));
        Assert.Contains(message, refused.Message);
        Assert.Contains("talk.json", refused.Message);
        Assert.Equal(2, conversation.Messages.Count);
    }

    public void Dispose() => folder.Dispose();
}
