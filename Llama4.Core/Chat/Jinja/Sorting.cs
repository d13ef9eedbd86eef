namespace Llama4.Core.Chat.Jinja;

static class Sorting
{
    /// <summary>
    /// A stable merge sort. The library's sorts wrap an exception of the comparison, and an inconsistent order (NaN) makes them throw.
    /// </summary>
    public static Value[] Sort(IEnumerable<Value> values, Comparison<Value> compare)
    {
        Value[] source = [.. values], target = new Value[source.Length];
        for (int width = 1; width < source.Length; width *= 2)
        {
            for (int start = 0; start < source.Length; start += 2 * width)
            {
                int middle = Math.Min(start + width, source.Length), end = Math.Min(start + 2 * width, source.Length);
                int left = start, right = middle;
                for (int at = start; at < end; at++)
                {
                    bool fromLeft = left < middle && (right == end || compare(source[left], source[right]) <= 0);
                    target[at] = fromLeft ? source[left++] : source[right++];
                }
            }
            (source, target) = (target, source);
        }
        return source;
    }
}
