namespace Llama4.Kernels;

/// <summary>
/// The driver of a device reported an error that nothing can be done about. The device computes no more: every later operation throws this at once.
/// Other devices are not concerned.
/// </summary>
public sealed class DeviceFaultException : Exception
{
    public DeviceFaultException(string message, Exception? cause = null) : base(message, cause) { }
}
