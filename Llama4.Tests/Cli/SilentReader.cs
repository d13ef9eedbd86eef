namespace Llama4.Tests.Cli;

/// <summary>A pipe into which nobody ever writes.</summary>
sealed class SilentReader : TextReader
{
    readonly ManualResetEventSlim never = new();

    public override int Peek()
    {
        never.Wait(TimeSpan.FromMinutes(1));
        return -1;
    }
}

/// <summary>A clock whose timers are due at once.</summary>
sealed class HastyTime : TimeProvider
{
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        System.CreateTimer(callback, state, TimeSpan.Zero, Timeout.InfiniteTimeSpan);
}
