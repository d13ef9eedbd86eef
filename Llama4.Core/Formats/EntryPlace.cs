namespace Llama4.Core.Formats;

/// <summary>Where an entry of a long list stands, made into text only when something is wrong.</summary>
/// <param name="List">The list, or the whole place when there is no index. With a space at the end: "line 7" instead of "list[7]".</param>
/// <param name="Index">-1: none.</param>
internal readonly record struct EntryPlace(string List, int Index = -1)
{
    public override string ToString() => Index < 0 ? List : List.EndsWith(' ') ? $"{List}{Index}" : $"{List}[{Index}]";

    public static implicit operator EntryPlace(string place) => new(place);
}
