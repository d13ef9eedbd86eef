namespace Llama4.Kernels.Cpu;

/// <summary>Work that falls into items; a struct, so that handing it out allocates nothing.</summary>
interface IWork
{
    /// <summary>Does one item. Items run in any order and at the same time; each must write memory of its own.</summary>
    /// <param name="item">From 0 on.</param>
    /// <param name="worker">Which thread of the team runs it, 0 … Threads − 1; no two at a time have the same number.</param>
    void Run(int item, int worker);
}
