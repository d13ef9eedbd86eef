using Llama4.Core.Formats;
using Llama4.Core.Images;
using Llama4.Core.Model;
using Llama4.Kernels;
using Llama4.Kernels.Cpu;

namespace Llama4.Tests.Model;

public class VisionTests
{
    static CpuDevice NewDevice(int threads = 2) => new(new CpuOptions { Threads = threads, Activations = ActivationPrecision.Float32 });

    [Fact]
    public void Features_equal_the_reference()
    {
        using CpuDevice device = NewDevice();
        using Checkpoint checkpoint = Checkpoint.Open(TestData.Path("hf", "vision"));
        using Llama4Vision vision = NewVision(device, checkpoint, tilesAtOnce: 5);
        (int[] shape, float[] pixels) = TestData.Npy("hf", "vision", "pixels.npy");
        Assert.Equal([5, 3, 56, 56], shape);

        Tensor projected = vision.Encode(Tiles(pixels, 5, vision.Config));
        AssertRows(TestData.Npy("hf", "vision", "features.npy"), device, vision.Adapted);
        AssertRows(TestData.Npy("hf", "vision", "projected.npy"), device, projected);
        projected.Buffer.Dispose();
    }

    [Fact]
    public void Features_of_a_gguf_vision_file_equal_the_reference()
    {
        using CpuDevice device = NewDevice();
        using Checkpoint checkpoint = Checkpoint.Open(TestData.Path("gguf", "mini-F16.gguf"), TestData.Path("gguf", "mmproj-tiny-F32.gguf"));
        using Llama4Vision vision = NewVision(device, checkpoint, tilesAtOnce: 1);
        Tensor projected = vision.Encode(Tiles(TestData.Npy("gguf", "mmproj-tiny.pixels.npy").Values, 1, vision.Config));
        AssertRows(TestData.Npy("gguf", "mmproj-tiny.features.npy"), device, projected);
        projected.Buffer.Dispose();
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 2)]
    [InlineData(5, 1)]
    public void Slices_and_threads_do_not_change_a_bit(int tilesAtOnce, int threads)
    {
        float[] pixels = TestData.Npy("hf", "vision", "pixels.npy").Values;
        Assert.Equal(Encode(tilesAtOnce: 5, threads: 2, pixels, 5), Encode(tilesAtOnce, threads, pixels, 5));
    }

    [Fact]
    public void A_tile_does_not_see_its_neighbours()
    {
        float[] pixels = TestData.Npy("hf", "vision", "pixels.npy").Values;
        float[] all = Encode(tilesAtOnce: 5, threads: 2, pixels, 5);
        int tile = pixels.Length / 5, features = all.Length / 5;
        for (int i = 0; i < 5; i++)
            Assert.Equal(all[(i * features)..((i + 1) * features)], Encode(tilesAtOnce: 1, threads: 2, pixels[(i * tile)..((i + 1) * tile)], 1));
    }

    [Fact]
    public void Encoding_allocates_nothing()
    {
        using CpuDevice device = NewDevice();
        using Checkpoint checkpoint = Checkpoint.Open(TestData.Path("hf", "vision"));
        using Llama4Vision vision = NewVision(device, checkpoint, tilesAtOnce: 2);
        ImageTiles image = Tiles(TestData.Npy("hf", "vision", "pixels.npy").Values, 5, vision.Config);
        Tensor features = vision.Encode(image);
        long onDevice = device.AllocatedBytes;
        Allocations.AssertNone(() => vision.Encode(image, features));
        Assert.Equal(onDevice, device.AllocatedBytes);
        features.Buffer.Dispose();
    }

    static Llama4Vision NewVision(Device device, Checkpoint checkpoint, int tilesAtOnce) =>
        new(device, checkpoint.Config.Vision!, checkpoint.LoadVision(device, cancel: TestContext.Current.CancellationToken)!, tilesAtOnce);

    static float[] Encode(int tilesAtOnce, int threads, float[] pixels, int tiles)
    {
        using CpuDevice device = NewDevice(threads);
        using Checkpoint checkpoint = Checkpoint.Open(TestData.Path("hf", "vision"));
        using Llama4Vision vision = NewVision(device, checkpoint, tilesAtOnce);
        Tensor features = vision.Encode(Tiles(pixels, tiles, vision.Config));
        var values = new float[features.Count];
        device.Download<float>(features, values);
        features.Buffer.Dispose();
        return values;
    }

    /// <summary>Tiles as the reference stores them, [tiles, channel, row, column] in [-1, 1], cut into patches.</summary>
    internal static ImageTiles Tiles(float[] pixels, int tiles, VisionConfig c)
    {
        var patches = new float[pixels.Length];
        int target = 0;
        for (int tile = 0; tile < tiles; tile++)
            for (int patch = 0; patch < c.Grid * c.Grid; patch++)
                for (int channel = 0; channel < 3; channel++)
                    for (int y = 0; y < c.PatchSize; y++)
                        for (int x = 0; x < c.PatchSize; x++)
                        {
                            int row = patch / c.Grid * c.PatchSize + y, column = patch % c.Grid * c.PatchSize + x;
                            patches[target++] = pixels[((tile * 3 + channel) * c.TileSize + row) * c.TileSize + column];
                        }
        int grid = tiles == 1 ? 1 : tiles - 1;
        return new ImageTiles(new TileLayout(1, grid, grid * c.TileSize, c.TileSize, c.TileSize), patches);
    }

    static void AssertRows((int[] Shape, float[] Values) expected, Device device, Tensor actual)
    {
        var values = new float[actual.Count];
        device.Download<float>(actual, values);
        Assert.Equal(expected.Values.Length, values.Length);
        double worst = 0;
        for (int row = 0; row < actual.Rows; row++)
            worst = Math.Max(worst, Tolerance.RelativeRms(
                values.AsSpan(row * actual.Columns, actual.Columns), expected.Values.AsSpan(row * actual.Columns, actual.Columns)));
        TestContext.Current.TestOutputHelper?.WriteLine($"largest relative RMS of a row: {worst:E1}");
        Assert.InRange(worst, 0, 1e-4);
    }
}
