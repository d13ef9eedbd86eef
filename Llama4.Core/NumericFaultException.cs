namespace Llama4.Core;

/// <summary>The model computed a number that is none (NaN or infinity): the weights are damaged or their format does not fit. The request ends.</summary>
public sealed class NumericFaultException : Exception
{
    public NumericFaultException(string message) : base(message) { }
}
