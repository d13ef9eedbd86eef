using Llama4.Cli.Interaction;

namespace Llama4.Tests.Cli;

public sealed class InterruptsTests
{
    readonly List<int> exits = [];

    [Fact]
    public void The_first_signal_cancels_the_second_ends_the_process()
    {
        var interrupts = new Interrupts(exits.Add);
        using Interrupts.Scope work = interrupts.Begin();
        interrupts.Signal();
        Assert.True(work.Token.IsCancellationRequested);
        Assert.Empty(exits);
        interrupts.Signal();
        Assert.Equal([130], exits);
    }

    [Fact]
    public void A_second_signal_after_the_work_ended_still_ends_the_process()
    {
        var interrupts = new Interrupts(exits.Add);
        using (interrupts.Begin()) interrupts.Signal();
        interrupts.Signal();
        Assert.Equal([130], exits);
    }

    [Fact]
    public void Going_on_makes_the_next_signal_a_first_one()
    {
        var interrupts = new Interrupts(exits.Add);
        using (interrupts.Begin()) interrupts.Signal();
        interrupts.Reset();
        using Interrupts.Scope work = interrupts.Begin();
        interrupts.Signal();
        Assert.True(work.Token.IsCancellationRequested);
        Assert.Empty(exits);
    }
}
