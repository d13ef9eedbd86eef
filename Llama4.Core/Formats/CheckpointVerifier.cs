using System.Security.Cryptography;
using Llama4.Kernels;
using Llama4.Kernels.Formats;

namespace Llama4.Core.Formats;

/// <summary>Walks all tensors of a checkpoint in order of their place, piece by piece, and looks for numbers that are not finite.</summary>
internal sealed class CheckpointVerifier(Checkpoint checkpoint, bool hashFiles, IProgress<LoadProgress>? progress, CancellationToken cancel)
{
    /// <summary>Numbers decoded at a time: a multiple of every block length.</summary>
    const int PieceNumbers = 1 << 18;

    readonly float[] values = new float[PieceNumbers];
    readonly byte[] bytes = new byte[PieceNumbers * sizeof(float)];
    long done;
    long total;

    public VerifyReport Run()
    {
        var problems = new List<VerifyProblem>();
        var hashes = new SortedDictionary<string, string>(StringComparer.Ordinal);
        List<ModelFile> files = [];
        try
        {
            foreach (string path in checkpoint.Tensors.Select(t => t.File).Distinct()) files.Add(ModelFile.Open(path));
            total = checkpoint.WeightBytes + (hashFiles ? files.Sum(f => f.Length) : 0);
            foreach (ModelFile file in files)
            {
                foreach (TensorInfo tensor in checkpoint.Tensors.Where(t => t.File == file.Path).OrderBy(t => t.Offset))
                    if (Verify(file, tensor) is { } problem) problems.Add(problem);
                if (hashFiles) hashes.Add(file.Path, Hash(file));
            }
        }
        finally
        {
            foreach (ModelFile file in files) file.Dispose();
        }
        return new VerifyReport(problems, hashes);
    }

    VerifyProblem? Verify(ModelFile file, TensorInfo tensor)
    {
        if (tensor.Encoding is Encoding.I32 or Encoding.I64)
        {
            Report(tensor.Bytes);
            return null;
        }
        long notFinite = 0, first = -1;
        long numbers = tensor.Bytes / tensor.Encoding.BlockBytes() * tensor.Encoding.BlockLength();
        for (long start = 0; start < numbers; start += PieceNumbers)
        {
            int count = (int)Math.Min(PieceNumbers, numbers - start);
            Span<byte> piece = bytes.AsSpan(0, (int)tensor.Encoding.RowBytes(count));
            file.Read(tensor.Offset + tensor.Encoding.RowBytes(start), piece);
            Span<float> decoded = values.AsSpan(0, count);
            FormatCodec.Decode(tensor.Encoding, piece, decoded);
            for (int i = 0; i < count; i++)
            {
                if (float.IsFinite(decoded[i])) continue;
                if (notFinite++ == 0) first = start + i;
            }
            Report(piece.Length);
        }
        return notFinite == 0 ? null : new VerifyProblem(file.Path, tensor.Name, notFinite, first);
    }

    string Hash(ModelFile file)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (long start = 0; start < file.Length; start += bytes.Length)
        {
            Span<byte> piece = bytes.AsSpan(0, (int)Math.Min(bytes.Length, file.Length - start));
            file.Read(start, piece);
            hash.AppendData(piece);
            Report(piece.Length);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    void Report(long count)
    {
        cancel.ThrowIfCancellationRequested();
        done += count;
        progress?.Report(new LoadProgress(done, total));
    }
}
