using System.Globalization;

namespace Llama4.Cli.Interaction;

/// <summary>
/// The descriptors 0, 1 and 2. The number of one that was closed when the process began is soon taken by a pipe of the runtime itself,
/// and text written there ends the process. What was inherited never has the close-on-exec flag; what the runtime opens always has.
/// </summary>
internal static class StandardDescriptor
{
    // O_CLOEXEC, in octal as the system writes it.
    const int CloseOnExec = 0x80000;

    /// <summary>Whether the process was given this descriptor, where the system tells; else true.</summary>
    public static bool IsOpen(int number)
    {
        if (!OperatingSystem.IsLinux()) return true;
        string file = string.Create(CultureInfo.InvariantCulture, $"/proc/self/fdinfo/{number}");
        if (!File.Exists(file)) return !Directory.Exists("/proc/self/fdinfo");
        string flags = File.ReadLines(file).First(line => line.StartsWith("flags:", StringComparison.Ordinal))["flags:".Length..].Trim();
        return (Convert.ToInt32(flags, 8) & CloseOnExec) == 0;
    }

    /// <summary>Stands for standard output where there is none.</summary>
    public static Stream NoOutput() => new ClosedOutput();

    sealed class ClosedOutput : Stream
    {
        public override bool CanRead => false;
        public override bool CanSeek => false;
        public override bool CanWrite => true;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
        public override void Flush() { }
        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new IOException("standard output is closed");
    }
}
