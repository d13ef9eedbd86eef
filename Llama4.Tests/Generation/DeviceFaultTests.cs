using Llama4.Core;
using Llama4.Core.Cache;
using Llama4.Core.Chat;
using Llama4.Core.Formats;
using Llama4.Core.Generation;
using Llama4.Core.Images;
using Llama4.Core.Model;
using Llama4.Core.Sampling;
using Llama4.Core.Tokenization;
using Llama4.Kernels;
using Llama4.Kernels.Cpu;
using Llama4.Tests.Kernels;

namespace Llama4.Tests.Generation;

/// <summary>
/// F17, F18, F23: the device fails at every call in turn, in loading and in the middle of steps. Whoever is concerned hears of it, what they held
/// is free again, and the next request is answered as if nothing had been.
/// </summary>
public sealed class DeviceFaultTests : IDisposable
{
    static readonly SamplingOptions greedy = new() { Temperature = 0 };

    readonly FaultyDevice device = new(new CpuDevice(new CpuOptions { Threads = 1 }));
    readonly Checkpoint checkpoint = Checkpoint.Open(Llama.DemoModelPath);
    readonly Llama4Tokenizer tokenizer;
    readonly PromptBuilder prompts;
    readonly Llama4Weights weights;
    readonly VisionWeights vision;

    public DeviceFaultTests()
    {
        tokenizer = new Llama4Tokenizer(checkpoint.Tokenizer);
        prompts = new PromptBuilder(checkpoint, tokenizer, hasVision: true);
        weights = checkpoint.LoadText(device);
        vision = checkpoint.LoadVision(device)!;
    }

    public static TheoryData<string> Faults => ["out of memory", "broken"];

    static Exception Fault(string kind) => kind == "out of memory" ? new OutOfMemoryException(kind) : new InvalidOperationException(kind);

    [Theory, MemberData(nameof(Faults))]
    public async Task A_fault_in_a_step_ends_the_requests_of_that_step_alone(string kind)
    {
        Prompt[] texts = [prompts.Text("The sun is"), prompts.Text("Roses are red,"), prompts.Text("One, two")];
        string[] whole = new string[texts.Length];
        for (int i = 0; i < texts.Length; i++) whole[i] = await AloneAsync(texts[i]);

        int failures = 0;
        bool reached = true;
        // Every call of the step's beginning, then every 23rd, which is another one in every layer.
        for (int call = 1; reached; call += call < 20 ? 1 : 23)
        {
            (Engine engine, ModelRunner runner) = NewEngine(sequences: 2);
            using (engine)
            {
                device.FailAt(call, Fault(kind));
                Request[] requests = [.. texts.Select(text => Submit(engine, text))];
                Outcome[] outcomes = await Task.WhenAll(requests.Select(OutcomeAsync));
                reached = device.HasFailed;
                device.Heal();

                int failed = outcomes.Count(outcome => outcome.Error is not null);
                failures += failed;
                // At most two run at once, and at least one of them was in the step that failed.
                Assert.InRange(failed, reached ? 1 : 0, reached ? 2 : 0);
                long kept = 0;
                for (int i = 0; i < texts.Length; i++)
                {
                    if (outcomes[i].Error is { } error) AssertIs(Fault(kind), error);
                    else
                    {
                        Assert.Equal(whole[i], outcomes[i].Text);
                        kept += runner.Cache.BytesFor(texts[i].Ids.Length + outcomes[i].Tokens - 1);
                    }
                }
                // What ended well may serve another prompt; of the others nothing is left. Two are kept at most.
                if (failed > 0) Assert.Equal(kept, runner.Cache.UsedBytes);
                Assert.Equal(whole[0], (await OutcomeAsync(Submit(engine, texts[0]))).Text);
            }
        }
        Assert.True(failures > 40, $"{failures}");
    }

    [Theory, MemberData(nameof(Faults))]
    public async Task A_fault_while_an_image_is_encoded_ends_its_request_alone(string kind)
    {
        Prompt text = prompts.Text("Roses are red,"), picture = Picture();
        string wholeText = await AloneAsync(text), wholePicture = await AloneAsync(picture);
        bool reached = true;
        (Engine engine, ModelRunner runner) = NewEngine(sequences: 2);
        using (engine)
        {
            // A prime, so that all operations of a layer have their turn.
            for (int call = 1; reached; call += 37)
            {
                device.FailAt(call, Fault(kind));
                Outcome outcome = await OutcomeAsync(Submit(engine, picture));
                reached = device.HasFailed;
                device.Heal();
                if (reached) AssertIs(Fault(kind), outcome.Error);
                else Assert.Equal(wholePicture, outcome.Text);
                Assert.Equal(wholeText, (await OutcomeAsync(Submit(engine, text))).Text);
            }
        }
        long weightsAlone = device.AllocatedBytes;
        NewEngine(sequences: 2).Engine.Dispose();
        Assert.Equal(weightsAlone, device.AllocatedBytes);
    }

    /// <summary>A sequence longer than any before takes more pages and a larger table of them; the table that there was stays whole.</summary>
    [Fact]
    public async Task A_fault_while_the_page_table_grows_is_over_with_its_request()
    {
        Prompt text = prompts.Text("Roses are red,"), longer = new([.. Enumerable.Range(0, 1100).Select(i => 100 + i % 300)], []);
        string whole = await AloneAsync(text), wholeLonger = await AloneAsync(longer);
        device.OnlyAllocations = true;
        bool reached = true;
        for (int call = 1; reached; call++)
        {
            using Engine engine = NewEngine(sequences: 2, promptRows: 256).Engine;
            Assert.Equal(whole, (await OutcomeAsync(Submit(engine, text))).Text);
            device.FailAt(call, Fault("out of memory"));
            Outcome outcome = await OutcomeAsync(Submit(engine, longer));
            reached = device.HasFailed;
            device.Heal();
            Assert.True(reached || call > 1);
            Assert.Equal(reached ? null : wholeLonger, outcome.Text);
            Assert.Equal(whole, (await OutcomeAsync(Submit(engine, text))).Text);
        }
    }

    [Theory, MemberData(nameof(Faults))]
    public void A_fault_while_loading_leaves_nothing_behind(string kind)
    {
        bool reached = true;
        for (int call = 1; reached; call += 7)
        {
            var processor = new CpuDevice(new CpuOptions { Threads = 1 });
            var faulty = new FaultyDevice(processor);
            faulty.FailAt(call, Fault(kind));
            try
            {
                using Llama llama = LlamaLoader.Load(Checkpoint.Open(Llama.DemoModelPath), new LlamaOptions(), _ => new DeviceSet(faulty), null, DemoModel.Cancel);
                reached = false;
            }
            catch (Exception error) when (faulty.HasFailed)
            {
                AssertIs(Fault(kind), error);
            }
            Assert.Equal(0, processor.AllocatedBytes);
        }
    }

    public void Dispose()
    {
        checkpoint.Dispose();
        device.Dispose();
    }

    (Engine Engine, ModelRunner Runner) NewEngine(int sequences, int promptRows = 32)
    {
        TextConfig config = checkpoint.Config.Text;
        var limits = new EngineLimits(Context: 2048, sequences, promptRows, CacheBytes: 1L << 30);
        var cache = new KvCache(device, config, Encoding.BF16);
        var runner = new ModelRunner(config, weights, checkpoint.Config.Vision, vision, cache, limits);
        return (new Engine(runner, tokenizer, new HashSet<int>(), limits), runner);
    }

    async Task<string> AloneAsync(Prompt prompt)
    {
        using Engine engine = NewEngine(sequences: 1).Engine;
        return (await OutcomeAsync(Submit(engine, prompt))).Text!;
    }

    Prompt Picture()
    {
        var pixels = new RgbImage(64, 48, [.. Enumerable.Range(0, 64 * 48 * 3).Select(i => (byte)(i * 7))]);
        return prompts.Chat([ChatMessage.User([new ImagePart(pixels), new TextPart("What is it?")])], new GenerationOptions());
    }

    static Request Submit(Engine engine, Prompt prompt)
    {
        var request = new Request(prompt, greedy, maxTokens: 3, stop: []);
        engine.Submit(request);
        return request;
    }

    static async Task<Outcome> OutcomeAsync(Request request)
    {
        try
        {
            Piece last = default;
            await foreach (Piece piece in request.Pieces.ReadAllAsync(DemoModel.Cancel)) last = piece;
            return new Outcome(last.Completion!.Text, last.Completion.CompletionTokens, null);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            return new Outcome(null, 0, error);
        }
    }

    static void AssertIs(Exception expected, Exception? error)
    {
        Assert.IsType(expected.GetType(), error);
        Assert.Equal(expected.Message, error!.Message);
    }

    
    /// <summary>What became of a request.</summary>
    readonly record struct Outcome(string? Text, int Tokens, Exception? Error);
}
