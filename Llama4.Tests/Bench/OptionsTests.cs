using Llama4.Bench;
using Llama4.Kernels;

namespace Llama4.Tests.Bench;

public sealed class OptionsTests
{
    [Fact]
    public void Values_are_read_by_name()
    {
        var options = new Options(["model.gguf", "--threads", "1,2", "--kv", "q8_0"], "threads", "kv", "rounds");
        Assert.Equal("model.gguf", options.Positional("model file"));
        Assert.Equal([1, 2], options.Integers("threads", [4]));
        Assert.Equal(Encoding.Q8_0, options.Named("kv", Encoding.BF16));
        Assert.Equal(5, options.Integer("rounds", 5));
    }

    [Theory]
    [InlineData("--depths 0", "unknown option --depths; expected --depth, --kv")]
    [InlineData("--depth", "--depth needs a value")]
    [InlineData("--depth 1,x", "--depth is '1,x'; expected whole numbers, with commas between them")]
    [InlineData("--depth -1", "--depth is '-1'; expected whole numbers, with commas between them")]
    [InlineData("--kv half", "--kv is 'half'; expected F32, F16, ")]
    [InlineData("", "missing: model file")]
    public void What_cannot_be_followed_is_refused(string line, string message)
    {
        UsageException error = Assert.Throws<UsageException>(() =>
        {
            var options = new Options(line.Split(' ', StringSplitOptions.RemoveEmptyEntries), "depth", "kv");
            options.Integers("depth", []);
            options.Named("kv", Encoding.BF16);
            options.Positional("model file");
        });
        Assert.StartsWith(message, error.Message);
    }
}
