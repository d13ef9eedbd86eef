using Llama4.Kernels.Gpu;
using Llama4.Kernels.Gpu.Compiler;

namespace Llama4.Tests.Gpu;

public sealed class PtxPatcherTests
{
    [Fact]
    public void Target_uniform_marks_and_shared_alignment_are_corrected()
    {
        const string Text = ".target sm_80\n.extern .shared .align 4 .b8 __dyn_shared_alloca[];\n{\n\t@%p1 bra.uni\tL_1;\n\tbrx.idx.uni %r1, L_2;\n}\n";
        Assert.Equal(
            ".target sm_90a\n.extern .shared .align 1024 .b8 __dyn_shared_alloca[];\n{\n\t@%p1 bra\tL_1;\n\tbrx.idx %r1, L_2;\n}\n",
            PtxPatcher.Patch(Text, "sm_90a"));
    }

    [Fact]
    public void A_slot_that_is_only_loaded_and_stored_becomes_registers()
    {
        string patched = PtxPatcher.Patch(Body("\tst.local.f32\t[%rd7], %f1;\n\tst.local.v2.f32\t[%rd7+4], {%f2, %f3};\n\tld.local.f32\t%f4, [%rd7+8];\n"), "sm_90a");
        Assert.DoesNotContain("local", patched);
        Assert.Contains("\tmov.b32 %slot0_0, %f1;\n\tmov.b32 %slot0_4, %f2; mov.b32 %slot0_8, %f3;\n\tmov.b32 %f4, %slot0_8;", patched);
        Assert.Contains("\t.reg .b32 %slot0_0;\n\t.reg .b32 %slot0_4;\n\t.reg .b32 %slot0_8;\n", patched);
    }

    [Fact]
    public void Bits_of_a_float_read_as_an_integer_need_no_slot() =>
        Assert.Contains(
            "\tmov.b32 %slot0_0, %f1;\n\tmov.b32 %r1, %slot0_0;\n",
            PtxPatcher.Patch(Body("\tst.local.f32\t[%rd7], %f1;\n\tld.local.b32\t%r1, [%rd7];\n"), "sm_90a"));

    [Theory]
    [InlineData("\tadd.s64\t%rd8, %rd7, 4;\n")]                                              // the address escapes
    [InlineData("\tst.local.b64\t[%rd7], %rd1;\n\tld.local.b32\t%r1, [%rd7];\n")]            // two widths at one place
    [InlineData("\tst.local.b64\t[%rd7], %rd1;\n\tst.local.b32\t[%rd7+4], %r1;\n")]          // two places overlap
    public void Other_slots_stay(string uses)
    {
        string body = Body(uses);
        Assert.Equal(body, PtxPatcher.Patch(body, "sm_80"));
    }

    static string Body(string uses) =>
        ".target sm_80\n{\n\t.local .align 4 .b8 __local_depot0[16];\n\tmov.b64\t%rd7, __local_depot0;\n" + uses + "\tret;\n}\n";
}
