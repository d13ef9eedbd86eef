using Llama4.Core;
using Llama4.Core.Formats;
using Llama4.Core.Generation;

namespace Llama4.Tests.Generation;

/// <summary>F21: a model whose weights are damaged gives an error, not a loop, and the engine goes on.</summary>
public sealed class NumericFaultTests
{
    [Fact]
    public async Task Weights_that_are_no_numbers_end_the_request_with_an_error()
    {
        string folder = Directory.CreateTempSubdirectory("llama4-").FullName;
        try
        {
            foreach (string file in Directory.GetFiles(Llama.DemoModelPath)) File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
            Damage(folder, "norm.weight");
            await using Llama llama = await Llama.LoadAsync(folder, cancel: DemoModel.Cancel);
            for (int i = 0; i < 2; i++)
            {
                var fault = await Assert.ThrowsAsync<NumericFaultException>(() =>
                    llama.ChatAsync("Hello", cancel: DemoModel.Cancel).WholeAsync());
                Assert.Contains("NaN", fault.Message);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Makes the first number of a bfloat16 tensor NaN.</summary>
    static void Damage(string folder, string tensorEnd)
    {
        TensorInfo tensor;
        using (var checkpoint = Checkpoint.Open(folder)) tensor = checkpoint.Tensors.First(t => t.Name.EndsWith("model." + tensorEnd));
        using FileStream file = File.OpenWrite(tensor.File);
        file.Position = tensor.Offset;
        file.Write([0xC0, 0x7F]);
    }
}
