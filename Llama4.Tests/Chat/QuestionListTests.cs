using Llama4.Core;
using Llama4.Core.Chat;
using Llama4.Core.Images;

namespace Llama4.Tests.Chat;

public sealed class QuestionListTests : IDisposable
{
    static readonly RgbImage picture = new(2, 1, new byte[6]);
    readonly string folder = Directory.CreateTempSubdirectory("llama4-questions-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void Demo_list_has_160_questions_with_their_pictures()
    {
        string list = Path.Combine(AppContext.BaseDirectory, "demo-model", "questions.jsonl");
        List<string> loaded = [];
        IReadOnlyList<Question> questions = QuestionList.Read(list, path => { loaded.Add(path); return picture; });
        Assert.Equal(160, questions.Count);
        Assert.Empty(loaded);
        int images = questions.Sum(question => question.LoadMessages().Sum(message => message.Content.OfType<ImagePart>().Count()));
        Assert.Equal(64, images);
        Assert.Equal(64, loaded.Count);
        Assert.All(loaded, path => Assert.True(File.Exists(path)));
        Assert.Equal(48, questions.Count(question => question.Category == "chat"));
        Assert.Equal(16, questions.Count(question => question.Tools is { Count: > 0 }));
        Assert.All(questions, question => Assert.True(question is { Answer.Length: > 0, Margin: >= 0, PromptTokens: > 0, Tokens.Count: > 0 }));

        Question result = questions.First(question => question.Category == "tool result");
        IReadOnlyList<ChatMessage> messages = result.LoadMessages();
        Assert.Equal(["system", "user", "assistant", "tool"], messages.Select(message => message.Role));
        Assert.Equal("get_weather", messages[2].ToolCalls![0].Name);
        Assert.Equal("Beijing", (string?)messages[2].ToolCalls![0].Arguments!["city"]);
        Assert.True(messages[2].IsPlainText);
    }

    [Fact]
    public void Lines_count_from_one_and_blank_ones_are_skipped()
    {
        IReadOnlyList<Question> questions = QuestionList.Read(Write("", """{"messages": [{"role": "user", "content": "a"}], "answer": "b"}""", "  "), _ => picture);
        Question only = Assert.Single(questions);
        Assert.Equal((2, "b", "", null, null), (only.Line, only.Answer, only.Category, only.Margin, only.Tools));
        Assert.Equal(ChatMessage.User("a").Content, Assert.Single(only.LoadMessages()).Content);
    }

    [Theory]
    [InlineData("{", "")]
    [InlineData("[]", "expected Object, found Array")]
    [InlineData("null", "expected Object, found Null")]
    [InlineData("""{"answer": "b"}""", "no \"messages\"")]
    [InlineData("""{"messages": []}""", "no \"answer\"")]
    [InlineData("""{"messages": [], "answer": "a", "answer": "b"}""", "answer")]
    [InlineData("""{"messages": {}, "answer": "b"}""", "messages: expected Array, found Object")]
    [InlineData("""{"messages": [3], "answer": "b"}""", "messages[0]: expected Object, found Number")]
    [InlineData("""{"messages": [{"content": "a"}], "answer": "b"}""", "messages[0]: no \"role\"")]
    [InlineData("""{"messages": [{"role": "user"}], "answer": "b"}""", "messages[0]: no \"content\"")]
    [InlineData("""{"messages": [{"role": "user", "content": null}], "answer": "b"}""", "messages[0].content: expected a string or an array, found Null")]
    [InlineData("""{"messages": [{"role": "user", "content": [{"type": "video"}]}], "answer": "b"}""", "messages[0].content[0].type: \"video\" is neither text nor image")]
    [InlineData("""{"messages": [{"role": "user", "content": [{"type": "image", "image": "no.png"}]}], "answer": "b"}""", "image \"no.png\" is neither in")]
    [InlineData("""{"messages": [{"role": "user", "content": [{"type": "image", "image": "../x"}]}], "answer": "b"}""", "image \"../x\" is not a file beside the list")]
    [InlineData("""{"messages": [{"role": "user", "content": [{"type": "image", "image": "/etc/passwd"}]}], "answer": "b"}""", "is not a file beside the list")]
    [InlineData("""{"messages": [{"role": "user", "content": "a", "tool_calls": [{"function": {"name": "f"}}]}], "answer": "b"}""", "messages[0].tool_calls[0].function: no \"arguments\"")]
    [InlineData("""{"messages": [{"role": "user", "content": "\ud800"}], "answer": "b"}""", "")]
    [InlineData("""{"messages": [], "answer": "b", "tools": [1]}""", "tools[0]: expected Object, found Number")]
    [InlineData("""{"messages": [], "answer": "b", "margin": "1"}""", "margin: expected Number, found String")]
    [InlineData("""{"messages": [], "answer": "b", "tokens": [1.5]}""", "tokens[0]: 1.5 is not a whole number of 32 bits")]
    [InlineData("""{"messages": [], "answer": "b", "prompt_tokens": 3000000000}""", "prompt_tokens: 3000000000 is not")]
    public void Faults_name_file_line_and_problem(string line, string problem)
    {
        string path = Write("""{"messages": [], "answer": ""}""", line);
        InvalidRequestException error = Assert.Throws<InvalidRequestException>(() => QuestionList.Read(path, _ => picture));
        Assert.StartsWith($"{path}:2: ", error.Message);
        Assert.Contains(problem, error.Message);
    }

    [Fact]
    public void A_list_that_is_not_there_is_named() =>
        Assert.Contains("no such question list", Assert.Throws<InvalidRequestException>(() => QuestionList.Read(Path.Combine(folder, "none"), _ => picture)).Message);

    [Fact]
    public void Nesting_is_limited()
    {
        string path = Write($$"""{"messages": [], "answer": "b", "tools": {{new string('[', 100_000)}}""");
        Assert.StartsWith($"{path}:1: ", Assert.Throws<InvalidRequestException>(() => QuestionList.Read(path, _ => picture)).Message);
    }

    string Write(params string[] lines)
    {
        string path = Path.Combine(folder, "list.jsonl");
        File.WriteAllLines(path, lines);
        return path;
    }
}
