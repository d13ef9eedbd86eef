namespace Llama4.Kernels.Gpu;

/// <summary>There is no device of the kind that was asked for; the message says in one sentence why and what to do.</summary>
public sealed class DeviceUnavailableException : Exception
{
    public DeviceUnavailableException(string message) : base(message) { }
}
