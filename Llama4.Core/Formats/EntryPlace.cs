namespace Llama4.Core.Formats;

/// <summary>Where an entry of a long list stands, made into text only when something is wrong.</summary>
/// <param name="List">The list, or the whole place when there is no index.</param>
/// <param name="Index">-1: none.</param>
internal readonly record struct EntryPlace(string List, int Index = -1)
{
    public override string ToString() => Index < 0 ? List : $"{List}[{Index}]";

    public static implicit operator EntryPlace(string place) => new(place);
}
