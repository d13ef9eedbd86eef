using System.Runtime.Intrinsics.X86;
using System.Text;

namespace Llama4.Kernels.Cpu;

/// <summary>
/// The processor as a device. Each operation is in a file of its own, checks its arguments, and is done when it returns.
/// For one calling thread at a time; callers on several threads take turns, operation by operation.
/// </summary>
public sealed unsafe partial class CpuDevice : Device
{
    // Below this many numbers an operation is done before the other threads have taken up their part.
    const long SmallWork = 16 * 1024;

    readonly CpuOptions options;
    readonly Team team;
    readonly HashSet<CpuBuffer> buffers = [];
    long allocatedBytes;

    /// <param name="options">Absent: the defaults of <see cref="CpuOptions"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">An impossible number of threads.</exception>
    /// <exception cref="ArgumentException">A path that this processor does not have.</exception>
    public CpuDevice(CpuOptions? options = null)
        : this(options ?? new CpuOptions(), CpuPath.Of(options?.Path ?? CpuPath.Auto))
    {
    }

    /// <summary>With any path: what the processor does not have, is computed by what it has.</summary>
    internal CpuDevice(CpuOptions options, CpuPath path)
    {
        (this.options, Path) = (options, path);
        if (options.Threads is < 1 or > Team.MaxThreads)
            throw new ArgumentOutOfRangeException(nameof(options), options.Threads, $"threads: expected 1 to {Team.MaxThreads}");
        team = new Team(options.Threads);
        Name = $"{ProcessorName()}, path {path.Name}, {options.Threads} {(options.Threads == 1 ? "thread" : "threads")}";
    }

    public override string Name { get; }

    public override long AllocatedBytes => Interlocked.Read(ref allocatedBytes);

    public override long FreeBytes
    {
        get
        {
            // The collector measures the memory of the machine, or of the container, whenever it runs.
            GC.Collect(0);
            GCMemoryInfo memory = GC.GetGCMemoryInfo();
            return Math.Max(0, memory.TotalAvailableMemoryBytes - memory.MemoryLoadBytes);
        }
    }

    /// <summary>The instructions that multiply.</summary>
    internal CpuPath Path { get; }

    /// <summary>The threads that compute.</summary>
    public int Threads => team.Threads;

    public override Buffer Allocate(long bytes) => new CpuBuffer(this, bytes);

    internal void Register(CpuBuffer buffer)
    {
        lock (buffers) buffers.Add(buffer);
        Interlocked.Add(ref allocatedBytes, buffer.Bytes);
    }

    internal void Forget(CpuBuffer buffer)
    {
        lock (buffers) buffers.Remove(buffer);
        Interlocked.Add(ref allocatedBytes, -buffer.Bytes);
    }

    public override void Dispose()
    {
        team.Dispose();
        attentionScratch.Dispose();
        matMul.Dispose();
        CpuBuffer[] left;
        lock (buffers) left = [.. buffers];
        foreach (CpuBuffer buffer in left) buffer.Dispose();
    }

    static string ProcessorName()
    {
        if (!X86Base.IsSupported) return $"{System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture} processor";
        // Leaves 0x80000002 to 0x80000004 hold the brand string, 16 bytes each.
        var name = new StringBuilder();
        for (int leaf = 2; leaf <= 4; leaf++)
        {
            (int eax, int ebx, int ecx, int edx) = X86Base.CpuId(int.MinValue + leaf, 0);
            foreach (int word in (ReadOnlySpan<int>)[eax, ebx, ecx, edx])
                for (int shift = 0; shift < 32; shift += 8)
                    if ((word >> shift & 0xFF) is >= ' ' and <= '~' and int letter) name.Append((char)letter);
        }
        return name.ToString().Trim();
    }
}
