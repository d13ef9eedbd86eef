using Llama4.Core.Tokenization;

namespace Llama4.Core.Formats;

/// <summary>
/// Compares a file's list of merges with what the ranks say. The tokenizer merges by rank: of the neighbours that form a token, the token
/// of the lowest id first. A list of merges means the same when it holds every way to split a token into two, in order of the token's id;
/// the published files are made so. Any other list would give other ids for some texts, and is refused.
/// </summary>
/// <param name="file">For messages.</param>
internal sealed class MergeCheck(string file, TokenTable tokens)
{
    readonly bool[] expected = new bool[Limits.TokenBytes + 1];   // by length of the left half: splits of the current token still to come
    int expectedCount;
    int current = -1;

    /// <summary>The next merge of the list, in UTF-8 of the byte-level alphabet.</summary>
    public void AddAlphabet(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, EntryPlace place)
    {
        Span<byte> leftBytes = stackalloc byte[Limits.TokenBytes], rightBytes = stackalloc byte[Limits.TokenBytes];
        int leftLength = ByteAlphabet.ToBytes(left, leftBytes), rightLength = ByteAlphabet.ToBytes(right, rightBytes);
        if (leftLength < 0 || rightLength < 0)
            throw new ModelFormatException(file, place.ToString(),
                $"is not two tokens of at most {Limits.TokenBytes} bytes in the byte-level alphabet");
        Add(leftBytes[..leftLength], rightBytes[..rightLength], place);
    }

    /// <summary>The next merge of the list.</summary>
    public void Add(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, EntryPlace place)
    {
        if (expectedCount == 0) FindNext();
        bool fits = current < tokens.Count && tokens.BytesOf(current) is var token && token.Length == left.Length + right.Length
            && token.StartsWith(left) && token.EndsWith(right) && expected[left.Length];
        if (!fits) throw new ModelFormatException(file, place.ToString(), Explain(left, right));
        expected[left.Length] = false;
        expectedCount--;
    }

    /// <summary>After the last merge: nothing may be missing.</summary>
    /// <param name="place">Of the whole list.</param>
    public void Finish(string place)
    {
        if (expectedCount == 0) FindNext();
        if (expectedCount > 0)
            throw new ModelFormatException(file, place,
                $"does not hold all merges that the ranks imply; the first that is missing gives token {current}");
    }

    /// <summary>Goes on to the next token that has splits.</summary>
    void FindNext()
    {
        while (expectedCount == 0 && ++current < tokens.Count)
        {
            ReadOnlySpan<byte> token = tokens.BytesOf(current);
            for (int i = 1; i < token.Length; i++)
            {
                expected[i] = tokens.Find(token[..i]) != TokenTable.None && tokens.Find(token[i..]) != TokenTable.None;
                if (expected[i]) expectedCount++;
            }
        }
    }

    string Explain(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        if (tokens.Find(left) == TokenTable.None || tokens.Find(right) == TokenTable.None) return "joins something that is no token";
        int id = tokens.Find([.. left, .. right]);
        return id == TokenTable.None ? "does not give a token"
            : $"gives token {id}, but by rank "
                + (current < tokens.Count ? $"the next merge must give token {current}" : "there are no more merges");
    }
}
