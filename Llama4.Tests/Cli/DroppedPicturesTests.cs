using Llama4.Cli.Chat;

namespace Llama4.Tests.Cli;

public sealed class DroppedPicturesTests
{
    static readonly string[] files = ["/p/cat.png", "/p/my cat.PNG", "it's.jpg", "/p/notes.txt", "a.gif"];

    [Theory]
    [InlineData("/p/cat.png", "", "/p/cat.png")]
    [InlineData("What is this? /p/cat.png", "What is this?", "/p/cat.png")]
    [InlineData("'/p/my cat.PNG' what is it?", "what is it?", "/p/my cat.PNG")]
    [InlineData("compare \"/p/my cat.PNG\" and /p/cat.png please", "compare and please", "/p/my cat.PNG", "/p/cat.png")]
    [InlineData("/p/my cat.PNG", "", "/p/my cat.PNG")]
    [InlineData("file:///p/my%20cat.PNG look", "look", "/p/my cat.PNG")]
    [InlineData("I don't know a.gif", "I don't know", "a.gif")]
    [InlineData("\"it's.jpg\"", "", "it's.jpg")]
    [InlineData("read /p/notes.txt", "read /p/notes.txt")]
    [InlineData("what is /p/dog.png", "what is /p/dog.png")]
    [InlineData("two  spaces   stay", "two  spaces   stay")]
    [InlineData("an 'open quote a.png", "an 'open quote a.png")]
    public void Paths_of_pictures_are_taken_out_of_the_text(string line, string text, params string[] paths)
    {
        (string found, IReadOnlyList<string> pictures) = DroppedPictures.Find(line, files.Contains);
        Assert.Equal(text, found);
        Assert.Equal(paths, pictures);
    }

    [Fact]
    public void A_backslash_escapes_a_space_except_on_Windows()
    {
        (string text, IReadOnlyList<string> paths) = DroppedPictures.Find(@"/p/my\ cat.PNG what?", files.Contains);
        Assert.Equal(OperatingSystem.IsWindows() ? [] : ["/p/my cat.PNG"], paths);
        Assert.Equal(OperatingSystem.IsWindows() ? @"/p/my\ cat.PNG what?" : "what?", text);
    }
}
