namespace Llama4.Core.Generation;

/// <summary>Why an answer ended.</summary>
public enum FinishReason
{
    /// <summary>The model gave an end token, or a stop string came.</summary>
    Stop,

    /// <summary>MaxTokens, the context or the memory of the cache is used up.</summary>
    Length,

    /// <summary>The model ended, and its answer calls functions.</summary>
    ToolCalls,
}
