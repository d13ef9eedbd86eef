using Xunit.Sdk;

namespace Llama4.Tests.Gpu;

public sealed class PtxCheckerTests
{
    const string Good = ".version 8.4\n.target sm_90a\n{\n\tld.global.v4.f32 {%f1,%f2,%f3,%f4}, [%rd1];\n\t@%p1 bra L_2;\n}\n";

    [Fact]
    public void Good_text_passes() => PtxChecker.Check("good", Good, "ld.global.v4");

    [Theory]
    [InlineData("sm_90a", "sm_80")]
    [InlineData("bra L_2", "bra.uni L_2")]
    [InlineData("bra L_2", "brx.idx.uni %r1, L_2")]
    [InlineData("ld.global.v4.f32", "ld.local.v4.f32")]
    [InlineData("@%p1 bra L_2;", "call.uni helper;")]
    [InlineData("ld.global.v4.f32", "ld.global.f32")]
    public void Each_fault_is_found(string good, string bad) =>
        Assert.ThrowsAny<XunitException>(() => PtxChecker.Check("bad", Good.Replace(good, bad), "ld.global.v4"));
}
