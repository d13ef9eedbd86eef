namespace Llama4.Kernels.Formats;

/// <summary>Something to do with a format that is known at run time.</summary>
interface IFormatAction<TResult>
{
    TResult Float<TFormat, TBlock>()
        where TFormat : struct, IFloatFormat<TBlock>
        where TBlock : unmanaged;

    TResult Quantised<TFormat, TBlock>()
        where TFormat : struct, IQuantisedFormat<TBlock>
        where TBlock : unmanaged;
}

/// <summary>The same for floats and for quantised numbers.</summary>
interface IAnyFormatAction
{
    void Run<TFormat, TBlock>()
        where TFormat : struct, IFormat<TBlock>
        where TBlock : unmanaged;
}

/// <summary>The one place where a run-time encoding becomes a static format.</summary>
static class FormatSwitch
{
    /// <exception cref="ArgumentException">Not a number format of weights: I32, I64.</exception>
    public static void Call<TAction>(Encoding encoding, TAction action)
        where TAction : struct, IAnyFormatAction => Call<Either<TAction>, int>(encoding, new Either<TAction>(action));

    /// <exception cref="ArgumentException">Not a number format of weights: I32, I64.</exception>
    public static TResult Call<TAction, TResult>(Encoding encoding, TAction action)
        where TAction : struct, IFormatAction<TResult> => encoding switch
        {
            Encoding.F32 => action.Float<F32, float>(),
            Encoding.F16 => action.Float<F16, ushort>(),
            Encoding.BF16 => action.Float<BF16, ushort>(),
            Encoding.F8E4M3 => action.Float<F8E4M3, byte>(),
            Encoding.Q8_0 => action.Quantised<Q8_0, Q8_0.Block>(),
            Encoding.Q4_0 => action.Quantised<Q4_0, Q4_0.Block>(),
            Encoding.Q4_1 => action.Quantised<Q4_1, Q4_1.Block>(),
            Encoding.Q5_0 => action.Quantised<Q5_0, Q5_0.Block>(),
            Encoding.Q5_1 => action.Quantised<Q5_1, Q5_1.Block>(),
            Encoding.Q2_K => action.Quantised<Q2_K, Q2_K.Block>(),
            Encoding.Q3_K => action.Quantised<Q3_K, Q3_K.Block>(),
            Encoding.Q4_K => action.Quantised<Q4_K, Q4_K.Block>(),
            Encoding.Q5_K => action.Quantised<Q5_K, Q5_K.Block>(),
            Encoding.Q6_K => action.Quantised<Q6_K, Q6_K.Block>(),
            Encoding.IQ4_NL => action.Quantised<IQ4_NL, IQ4_NL.Block>(),
            Encoding.IQ4_XS => action.Quantised<IQ4_XS, IQ4_XS.Block>(),
            Encoding.MXFP4 => action.Quantised<MXFP4, MXFP4.Block>(),
            _ => throw new ArgumentException($"{encoding} is not a number format of weights", nameof(encoding)),
        };

    readonly struct Either<TAction>(TAction action) : IFormatAction<int>
        where TAction : struct, IAnyFormatAction
    {
        public int Float<TFormat, TBlock>()
            where TFormat : struct, IFloatFormat<TBlock>
            where TBlock : unmanaged => Run<TFormat, TBlock>();

        public int Quantised<TFormat, TBlock>()
            where TFormat : struct, IQuantisedFormat<TBlock>
            where TBlock : unmanaged => Run<TFormat, TBlock>();

        int Run<TFormat, TBlock>()
            where TFormat : struct, IFormat<TBlock>
            where TBlock : unmanaged
        {
            action.Run<TFormat, TBlock>();
            return 0;
        }
    }
}
