using Llama4.Core.Formats;
using Llama4.Kernels.Cpu;
using Text = System.Text.Encoding;

namespace Llama4.Tests.Formats;

/// <summary>Models in several files, and vision parts beside them. Row G39 of the corpus.</summary>
public class GgufPartsTests
{
    const int Parts = 3;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void A_split_model_opens_from_any_of_its_parts(int from)
    {
        using var folder = new TempFolder();
        string[] paths = Write(folder, Split());
        using Checkpoint checkpoint = Checkpoint.Open(paths[from]);
        Assert.Equal(Parts, checkpoint.Tensors.Select(t => t.File).Distinct().Count());
        using var device = new CpuDevice();
        Assert.Equal(2, checkpoint.LoadText(device, cancel: TestContext.Current.CancellationToken).Layers.Count);
    }

    [Fact]
    public void A_missing_part_is_named()
    {
        using var folder = new TempFolder();
        string[] paths = Write(folder, Split());
        File.Delete(paths[1]);
        Refusal.Of(paths[2], "x-00002-of-00003.gguf", "part 2 of 3 is missing");
    }

    [Fact]
    public void Counts_that_contradict_the_names_are_refused()
    {
        Refused(parts => parts[1].Set("split.count", 4u), "split.count", "is 4");
        Refused(parts => parts[1].Set("split.no", 2u), "split.no", "is 2, expected 1");
        Refused(parts => parts[0].Remove("split.count"), "split.count", "missing");
        Refused(parts => parts[0].Set("split.tensors.count", 99u), "split.tensors.count", "is 99");
    }

    [Fact]
    public void A_part_twice_or_of_another_model_is_refused()
    {
        // The part in the middle again as the last one: its tensors occur twice.
        Refused(parts =>
        {
            parts[2].Tensors.Clear();
            parts[2].Tensors.AddRange(parts[1].Tensors);
            parts[0].Remove("split.tensors.count");
        }, "is defined in");
        Refused(parts =>
        {
            RawGguf.Entry[] tensors = [.. parts[2].Tensors];
            parts[2].Tensors.Clear();
            foreach (RawGguf.Entry tensor in tensors) parts[2].Tensors.Add(tensor with { Name = Text.ASCII.GetBytes("other." + Text.ASCII.GetString(tensor.Name)) });
        }, "missing");
    }

    [Fact]
    public void A_single_file_that_says_it_is_a_part_is_refused()
    {
        using var folder = new TempFolder();
        RawGguf file = TinyModels.Gguf();
        file.Set("split.count", 3u);
        file.Set("split.no", 0u);
        Refusal.Of(folder.Write("renamed.gguf", file.Build()), "split.count", "x-00001-of-00003.gguf");
        Refusal.Of(folder.Write("x-00007-of-00003.gguf", file.Build()), "part 7 of 3");
        Refusal.Of(folder.Write("x-00001-of-99999.gguf", file.Build()), "limit 10000");
    }

    [Fact]
    public void The_only_vision_part_beside_is_used_others_must_be_named()
    {
        using var folder = new TempFolder();
        string model = folder.Write("model.gguf", TinyModels.Gguf().Build());
        string vision = folder.Write("mmproj-F32.gguf", TinyModels.Vision().Build());
        using (Checkpoint checkpoint = Checkpoint.Open(model))
        {
            Assert.Equal(16, checkpoint.Config.Vision!.Width);
            Assert.Equal(261, checkpoint.Config.Text.PatchToken);
            Assert.Empty(checkpoint.Warnings);
        }
        string second = folder.Write("model-mmproj-BF16.gguf", TinyModels.Vision().Build());
        using (Checkpoint checkpoint = Checkpoint.Open(model))
        {
            Assert.Null(checkpoint.Config.Vision);
            Assert.Contains("2 vision parts", Assert.Single(checkpoint.Warnings));
        }
        using (Checkpoint checkpoint = Checkpoint.Open(model, second)) Assert.NotNull(checkpoint.Config.Vision);
        Refusal.Of(() => Checkpoint.Open(model, model), model, "llama4, expected clip");
        Refusal.Of(vision, "vision part");
    }

    [Fact]
    public void A_vision_part_of_another_model_is_left_or_refused()
    {
        using var folder = new TempFolder();
        string model = folder.Write("model.gguf", TinyModels.Gguf().Build());
        RawGguf other = TinyModels.Vision();
        other.Set("clip.vision.projection_dim", 64u);
        string vision = folder.Write("mmproj.gguf", other.Build());
        using (Checkpoint checkpoint = Checkpoint.Open(model))
        {
            Assert.Null(checkpoint.Config.Vision);
            Assert.Contains("vectors of 64", Assert.Single(checkpoint.Warnings));
        }
        Refusal.Of(() => Checkpoint.Open(model, vision), model, "mmproj.gguf", "vectors of 64");
    }

    [Fact]
    public void A_bad_vision_part_is_refused()
    {
        Bad(f => f.Set("clip.projector_type", "pixtral"), "clip.projector_type", "pixtral");
        Bad(f => f.Set("clip.use_gelu", false), "clip.use_gelu");
        Bad(f => f.Set("clip.vision.image_size", 30u), "30");
        Bad(f => f.Set("clip.vision.patch_size", 0u), "clip.vision.patch_size");
        Bad(f => f.Set("clip.vision.attention.head_count", 3u), "3 heads");
        Bad(f => f.Set("clip.vision.image_mean", RawGguf.ArrayType, RawGguf.Array(RawGguf.FloatType, 1, RawGguf.UInt32(0))), "image_mean");
        Bad(f => f.Tensors.RemoveAt(1), "v.class_embd", "missing");
        Bad(f => f.Change("mm.model.mlp.2.weight", t => t with { Dimensions = [4, 16] }), "mm.model.mlp.2.weight");

        static void Bad(Action<RawGguf> change, params string[] mentions)
        {
            using var folder = new TempFolder();
            string model = folder.Write("model.gguf", TinyModels.Gguf().Build());
            RawGguf vision = TinyModels.Vision();
            change(vision);
            folder.Write("mmproj.gguf", vision.Build());
            Refusal.Of(model, mentions);
        }
    }

    /// <summary>Old files have the names of the two feed-forward matrices the wrong way round, and the patches with four dimensions.</summary>
    [Fact]
    public void Older_vision_files_load()
    {
        using var folder = new TempFolder();
        RawGguf file = TinyModels.Vision();
        foreach (string kind in new[] { "weight", "bias" })
        {
            file.Change($"v.blk.0.ffn_up.{kind}", t => t with { Name = Text.ASCII.GetBytes("x") });
            file.Change($"v.blk.0.ffn_down.{kind}", t => t with { Name = Text.ASCII.GetBytes($"v.blk.0.ffn_up.{kind}") });
            file.Change("x", t => t with { Name = Text.ASCII.GetBytes($"v.blk.0.ffn_down.{kind}") });
        }
        file.Change("v.patch_embd.weight", t => t with { Dimensions = [14, 14, 3, 16] });
        string vision = folder.Write("mmproj.gguf", file.Build());
        using Checkpoint checkpoint = Checkpoint.Open(folder.Write("model.gguf", TinyModels.Gguf().Build()), vision);
        using var device = new CpuDevice();
        Core.Model.VisionWeights weights = checkpoint.LoadVision(device, cancel: TestContext.Current.CancellationToken)!;
        Assert.Equal((16, 24), (weights.Layers[0].Up.Weight.Inputs, weights.Layers[0].Up.Weight.Outputs));
        Assert.Equal((588, 16), (weights.PatchEmbedding.Inputs, weights.PatchEmbedding.Outputs));
    }

    static void Refused(Action<RawGguf[]> change, params string[] mentions)
    {
        using var folder = new TempFolder();
        RawGguf[] parts = Split();
        change(parts);
        Refusal.Of(Write(folder, parts)[0], mentions);
    }

    static RawGguf[] Split()
    {
        RawGguf whole = TinyModels.Gguf();
        RawGguf[] parts = [.. Enumerable.Range(0, Parts).Select(_ => new RawGguf())];
        parts[0].Pairs.AddRange(whole.Pairs);
        for (int i = 0; i < whole.Tensors.Count; i++) parts[i * Parts / whole.Tensors.Count].Tensors.Add(whole.Tensors[i]);
        for (int i = 0; i < Parts; i++)
        {
            parts[i].Set("split.no", (uint)i);
            parts[i].Set("split.count", (uint)Parts);
            parts[i].Set("split.tensors.count", (uint)whole.Tensors.Count);
        }
        return parts;
    }

    static string[] Write(TempFolder folder, RawGguf[] parts) =>
        [.. parts.Select((part, i) => folder.Write(GgufParts.NameOf("x", i + 1, Parts), part.Build()))];
}
