using System.Runtime.InteropServices;

namespace Llama4.Kernels.Cpu;

/// <summary>A number with cache lines to itself: two on either side, for processors that fetch lines in pairs.</summary>
[StructLayout(LayoutKind.Explicit, Size = 264)]
struct PaddedLong
{
    [FieldOffset(128)] public long Value;
}
