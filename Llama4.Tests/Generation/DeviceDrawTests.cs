using Llama4.Core;
using Llama4.Core.Cache;
using Llama4.Core.Formats;
using Llama4.Core.Generation;
using Llama4.Core.Model;
using Llama4.Core.Sampling;
using Llama4.Core.Tokenization;
using Llama4.Kernels;
using Llama4.Kernels.Cpu;
using Llama4.Tests.Kernels;

namespace Llama4.Tests.Generation;

/// <summary>Where the device draws the tokens, requests get the same answers as from the sampler, whatever runs beside them.</summary>
public sealed class DeviceDrawTests : IDisposable
{
    readonly DrawingDevice device = new(new CpuDevice(new CpuOptions { Threads = 1 }));
    readonly Checkpoint checkpoint = Checkpoint.Open(Llama.DemoModelPath);
    readonly Llama4Tokenizer tokenizer;
    readonly PromptBuilder prompts;
    readonly Llama4Weights weights;

    public DeviceDrawTests()
    {
        tokenizer = new Llama4Tokenizer(checkpoint.Tokenizer);
        prompts = new PromptBuilder(checkpoint, tokenizer, hasVision: false);
        weights = checkpoint.LoadText(device);
    }

    [Fact]
    public async Task Answers_are_the_same_as_from_the_sampler()
    {
        SamplingOptions[] options =
        [
            new(), new() { Temperature = 1, Seed = 1 }, new() { Temperature = 0.7f, TopK = 20, TopP = 0.9f, Seed = 2 },
            new() { Temperature = 1, MinP = 0.1f, Seed = 3 }, new() { Temperature = 1, RepetitionPenalty = 1.3f, Seed = 4 },
            new() { TopLogProbs = 3 }, new() { Temperature = 1.5f, TopP = 0.5f, Seed = 5 }, new() { LogitBias = new Dictionary<int, float> { [5] = 9 } },
        ];
        device.IsOn = false;
        Piece[][] sampled = await AnswersAsync(options);
        Assert.Equal(0, device.Rows);
        device.IsOn = true;
        Piece[][] drawn = await AnswersAsync(options);
        Assert.True(device.Rows > 0);
        for (int i = 0; i < options.Length; i++)
        {
            Assert.Equal(sampled[i].Select(p => p.TokenId), drawn[i].Select(p => p.TokenId));
            Assert.Equal(sampled[i].Select(p => p.LogProb), drawn[i].Select(p => p.LogProb));
        }
    }

    [Fact]
    public async Task A_logit_that_is_not_finite_ends_the_request_with_its_error()
    {
        device.IsOn = device.IsBroken = true;
        await Assert.ThrowsAsync<NumericFaultException>(() => AnswersAsync([new SamplingOptions()]));
    }

    public void Dispose()
    {
        checkpoint.Dispose();
        device.Dispose();
    }

    /// <summary>All at once.</summary>
    async Task<Piece[][]> AnswersAsync(SamplingOptions[] options)
    {
        var limits = new EngineLimits(Context: 256, options.Length, PromptRows: 32, CacheBytes: 1L << 30);
        var runner = new ModelRunner(checkpoint.Config.Text, weights, null, null, new KvCache(device, checkpoint.Config.Text, Encoding.BF16), limits);
        using var engine = new Engine(runner, tokenizer, new HashSet<int>(), limits);
        Request[] requests = [.. options.Select(o => new Request(prompts.Text("The sun is"), o, maxTokens: 12, stop: []))];
        foreach (Request request in requests) engine.Submit(request);
        return await Task.WhenAll(requests.Select(async request =>
        {
            var pieces = new List<Piece>();
            await foreach (Piece piece in request.Pieces.ReadAllAsync(DemoModel.Cancel)) pieces.Add(piece);
            return pieces.ToArray();
        }));
    }

    /// <summary>Draws as any device can, and says that this is fast.</summary>
    sealed class DrawingDevice(Device inner) : DeviceProxy(inner)
    {
        public bool IsOn { get; set; }

        public bool IsBroken { get; set; }

        /// <summary>Rows drawn so far.</summary>
        public int Rows { get; private set; }

        public override bool DrawsFast => IsOn;

        public override void Draw(Tensor x, Tensor rules, Tensor chosen)
        {
            Rows += x.Rows;
            if (IsBroken) Upload<float>([float.NaN], x);
            base.Draw(x, rules, chosen);
        }

        protected override void Look(params ReadOnlySpan<Tensor?> used) { }
    }
}
