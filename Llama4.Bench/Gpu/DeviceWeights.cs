using Llama4.Core.Model;
using Llama4.Kernels;
using Llama4.Kernels.Gpu;
using Buffer = Llama4.Kernels.Buffer;

namespace Llama4.Bench.Gpu;

/// <summary>Random weights made on the device: a pool of blocks, encoded by the host, is repeated in random order.</summary>
sealed class DeviceWeights(GpuDevice device) : IDisposable
{
    // Encoding takes the host a second.
    static readonly Dictionary<(Encoding, int), byte[]> encoded = [];

    readonly Dictionary<(Encoding, int), Tensor> pools = [];
    readonly List<Buffer> buffers = [];
    long seed;

    /// <summary>Normally distributed with standard deviation 1 / √inputs, so that activations keep their size.</summary>
    public Weight Matrix(Encoding encoding, int outputs, int inputs)
    {
        if (!pools.TryGetValue((encoding, inputs), out Tensor pool))
        {
            byte[] bytes = Pool(encoding, inputs);
            pool = New(1, bytes.Length, Encoding.F8E4M3);
            device.Upload<byte>(bytes, pool);
            pools.Add((encoding, inputs), pool);
        }
        // The kernel writes whole words.
        Tensor values = new(Own(device.Allocate(outputs * encoding.RowBytes(inputs) + 3 & -4)), 0, outputs, inputs, encoding);
        long count = values.Buffer.Bytes;
        device.ForNumbers(count / 4, new FillKernel(pool.Address, encoding.BlockBytes(), seed += 1_000_003, values.Address, count));
        return new Weight(values);
    }

    static byte[] Pool(Encoding encoding, int inputs)
    {
        if (encoded.TryGetValue((encoding, inputs), out byte[]? bytes)) return bytes;
        bytes = new byte[FillKernel.PoolBlocks * encoding.BlockBytes()];
        new RandomWeights(encoding, 1 / MathF.Sqrt(inputs), seed: 1).CopyPool(bytes);
        encoded.Add((encoding, inputs), bytes);
        return bytes;
    }

    public Tensor Ones(int count)
    {
        var ones = new float[count];
        ones.AsSpan().Fill(1);
        Tensor tensor = New(1, count, Encoding.F32);
        device.Upload<float>(ones, tensor);
        return tensor;
    }

    /// <summary>Zeroed.</summary>
    public Tensor New(int rows, int columns, Encoding encoding = Encoding.F32)
    {
        Tensor tensor = device.Allocate(rows, columns, encoding);
        Own(tensor.Buffer);
        return tensor;
    }

    public Llama4Weights Model(TextConfig c, Encoding encoding, Encoding output) => new(
        Matrix(encoding, c.Vocabulary, c.Width).Values, [.. Enumerable.Range(0, c.Layers).Select(_ => Layer(c, encoding))], Ones(c.Width), Matrix(output, c.Vocabulary, c.Width));

    LayerWeights Layer(TextConfig c, Encoding encoding)
    {
        Weight[] Experts(int outputs, int inputs) => [.. Enumerable.Range(0, c.Experts).Select(_ => Matrix(encoding, outputs, inputs))];
        var shared = new DenseWeights(Matrix(encoding, c.ExpertWidth, c.Width), Matrix(encoding, c.ExpertWidth, c.Width), Matrix(encoding, c.Width, c.ExpertWidth));
        return new LayerWeights(
            Ones(c.Width), Matrix(encoding, c.Heads * c.HeadDim, c.Width), Matrix(encoding, c.KvHeads * c.HeadDim, c.Width), Matrix(encoding, c.KvHeads * c.HeadDim, c.Width),
            Matrix(encoding, c.Width, c.Heads * c.HeadDim), Ones(c.Width), null,
            new MoeWeights(Matrix(Encoding.F32, c.Experts, c.Width), Experts(c.ExpertWidth, c.Width), Experts(c.ExpertWidth, c.Width), Experts(c.Width, c.ExpertWidth), shared));
    }

    public void Dispose()
    {
        foreach (Buffer buffer in buffers) buffer.Dispose();
    }

    Buffer Own(Buffer buffer)
    {
        buffers.Add(buffer);
        return buffer;
    }
}
