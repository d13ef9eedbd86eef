namespace Llama4.Kernels.Gpu;

/// <summary>There is no device of the kind that was asked for; the message says in one sentence why and what to do.</summary>
sealed class DeviceUnavailableException(string message) : Exception(message);
