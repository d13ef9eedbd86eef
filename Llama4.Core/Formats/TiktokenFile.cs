using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Llama4.Core.Formats;

/// <summary>
/// tokenizer.model: a line "base64 rank" for each ordinary token. It says nothing of control tokens.
/// </summary>
internal static class TiktokenFile
{
    public static VocabularyBuilder Read(string path, int vocabulary)
    {
        byte[] file = ModelFile.ReadAll(path, Limits.TokenizerBytes);
        var builder = new VocabularyBuilder(path, vocabulary);
        for (int start = 0, line = 1; start < file.Length; line++)
        {
            int length = file.AsSpan(start).IndexOf((byte)'\n');
            if (length < 0) length = file.Length - start;
            ReadOnlySpan<byte> text = file.AsSpan(start, length).TrimEnd((byte)'\r');
            start += length + 1;
            if (text.IsEmpty) continue;
            AddLine(path, text, line, builder);
        }
        return builder;
    }

    static void AddLine(string path, ReadOnlySpan<byte> text, int line, VocabularyBuilder builder)
    {
        int space = text.IndexOf((byte)' ');
        if (space <= 0) throw new ModelFormatException(path, $"line {line}", "is not \"base64 rank\"");
        var bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(space)];
        if (Base64.DecodeFromUtf8(text[..space], bytes, out _, out int written) != OperationStatus.Done)
            throw new ModelFormatException(path, $"line {line}", "is not valid base64");
        ReadOnlySpan<byte> digits = text[(space + 1)..];
        if (!Utf8Parser.TryParse(digits, out int rank, out int used) || used != digits.Length)
            throw new ModelFormatException(path, $"line {line}",
                $"rank {System.Text.Encoding.ASCII.GetString(digits[..Math.Min(digits.Length, 40)])} is not a whole number below 2^31");
        builder.Add(rank, bytes.AsMemory(0, written), new EntryPlace("line ", line));
    }
}
