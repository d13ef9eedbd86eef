using System.Globalization;
using System.Text.RegularExpressions;

namespace Llama4.Kernels.Gpu.Compiler;

/// <summary>
/// Turns slots of local memory into registers. PTX registers may be written more than once, so a slot whose address is only ever
/// loaded from and stored to, always with one width at one place, is the same as a register.
/// </summary>
static partial class LocalSlots
{
    // More would not stay in registers anyway.
    const int MostSlots = 256;

    /// <param name="body">Body of one function.</param>
    public static string ToRegisters(string body)
    {
        HashSet<string> depots = [.. Depot().Matches(body).Select(m => m.Groups["name"].Value)];
        if (depots.Count == 0) return body;
        ILookup<string, Match> accesses = Access().Matches(body).ToLookup(a => a.Groups["address"].Value);
        foreach (Match binding in Binding().Matches(body))
        {
            string register = binding.Groups["register"].Value, depot = binding.Groups["name"].Value;
            if (!depots.Contains(depot)) continue;
            Match[] uses = [.. accesses[register]];
            bool escapes = Regex.Count(body, Regex.Escape(register) + @"\b") - 1 != uses.Length;
            if (!escapes && Slots(uses) is { } slots) body = Promote(body, binding, depot, register, slots);
        }
        return body;
    }

    /// <summary>Byte offset and bits of each slot, or null where a place is used with two widths or two places overlap.</summary>
    static SortedDictionary<int, int>? Slots(Match[] uses)
    {
        var slots = new SortedDictionary<int, int>();
        foreach (Match use in uses)
            foreach ((int offset, _) in Elements(use))
                if (!slots.TryAdd(offset, Bits(use)) && slots[offset] != Bits(use)) return null;
        int end = 0;
        foreach ((int offset, int bits) in slots)
        {
            if (offset < end) return null;
            end = offset + bits / 8;
        }
        return slots.Count is 0 or > MostSlots ? null : slots;
    }

    static string Promote(string body, Match binding, string depot, string register, SortedDictionary<int, int> slots)
    {
        string declarations = string.Concat(slots.Select(s => $"\t.reg .{RegisterType(s.Value)} {Name(depot, s.Key)};\n"));
        body = body.Replace(binding.Value, "");
        body = Access().Replace(body, use => use.Groups["address"].Value == register ? Moves(use, depot) : use.Value);
        return Depot().Replace(body, d => d.Groups["name"].Value == depot ? declarations : d.Value);
    }

    static string Moves(Match use, string depot)
    {
        string type = RegisterType(Bits(use));
        bool isLoad = use.Groups["operation"].Value == "ld";
        return "\t" + string.Join(" ", Elements(use).Select(e => isLoad
            ? $"mov.{type} {e.Value}, {Name(depot, e.Offset)};"
            : $"mov.{type} {Name(depot, e.Offset)}, {e.Value};"));
    }

    static string Name(string depot, int offset) => $"%slot{depot["__local_depot".Length..]}_{offset}";

    // A move of untyped bits fits every register of its width; there is none of 8 bits.
    static string RegisterType(int bits) => $"b{Math.Max(bits, 16)}";

    static int Bits(Match use) => int.Parse(use.Groups["bits"].ValueSpan, CultureInfo.InvariantCulture);

    /// <summary>The numbers that a load or store moves, with their byte offsets.</summary>
    static IEnumerable<(int Offset, string Value)> Elements(Match use)
    {
        int offset = use.Groups["offset"].Success ? int.Parse(use.Groups["offset"].ValueSpan, CultureInfo.InvariantCulture) : 0;
        int size = Bits(use) / 8;
        string[] values = use.Groups["value"].Value.Trim().Trim('{', '}').Split(',', StringSplitOptions.TrimEntries);
        return values.Select((value, i) => (offset + i * size, value));
    }

    [GeneratedRegex(@"^\t\.local \.align \d+ \.b8 (?<name>__local_depot\d+)\[\d+\];\r?\n", RegexOptions.Multiline)]
    private static partial Regex Depot();

    [GeneratedRegex(@"^\tmov\.b64\t(?<register>%rd\d+), (?<name>__local_depot\d+);\r?\n", RegexOptions.Multiline)]
    private static partial Regex Binding();

    [GeneratedRegex(@"^\t(?<operation>ld|st)\.local(?:\.v[24])?\.[bfsu](?<bits>8|16|32|64)\t(?:(?<value>[^\[;]+?), \[(?<address>%rd\d+)(?:\+(?<offset>\d+))?\]|\[(?<address>%rd\d+)(?:\+(?<offset>\d+))?\], (?<value>[^;]+));", RegexOptions.Multiline)]
    private static partial Regex Access();
}
