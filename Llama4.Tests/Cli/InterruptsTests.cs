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
    public void With_nothing_under_way_the_first_signal_ends_the_process()
    {
        var interrupts = new Interrupts(exits.Add);
        using (interrupts.Begin()) { }
        interrupts.Signal();
        Assert.Equal([130], exits);
    }

    [Fact]
    public void Inner_work_is_cancelled_alone_and_leaves_the_outer_under_way()
    {
        var interrupts = new Interrupts(exits.Add);
        using Interrupts.Scope outer = interrupts.Begin();
        using (Interrupts.Scope inner = interrupts.Begin())
        {
            interrupts.Signal();
            Assert.True(inner.Token.IsCancellationRequested);
            Assert.False(outer.Token.IsCancellationRequested);
        }
        interrupts.Reset();
        interrupts.Signal();
        Assert.True(outer.Token.IsCancellationRequested);
        Assert.Empty(exits);
    }

    [Fact]
    public void A_key_warns_and_a_second_one_ends_the_process()
    {
        var interrupts = new Interrupts(exits.Add);
        interrupts.Press();
        Assert.Empty(exits);
        interrupts.Press();
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
