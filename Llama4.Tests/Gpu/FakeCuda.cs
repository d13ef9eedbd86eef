using System.Diagnostics;

namespace Llama4.Tests.Gpu;

/// <summary>fakecuda.c, compiled here where there is a C compiler: a driver that runs nothing, for the process of one <see cref="Emulated.Check"/>.</summary>
sealed class FakeCuda : IDisposable
{
    const string Control = "FAKECUDA_CONTROL", Failed = "FAKECUDA_FAILED";

    readonly string folder = Directory.CreateTempSubdirectory().FullName;
    static int round;

    /// <summary>Variables of the process that is to find the driver. Skips the test, visibly, where it cannot be made.</summary>
    /// <param name="name">File name of the library.</param>
    public Dictionary<string, string> Environment(string name = "libcuda.so.1")
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists("/usr/bin/cc"), "no C compiler at /usr/bin/cc");
        string source = Path.Combine(SourceTree.Root, "Llama4.Tests/Gpu/fakecuda.c");
        using Process compiler = Process.Start("/usr/bin/cc", ["-shared", "-fPIC", "-w", "-o", Path.Combine(folder, name), source]);
        compiler.WaitForExit();
        Assert.Equal(0, compiler.ExitCode);
        return new()
        {
            ["LD_LIBRARY_PATH"] = folder,
            ["FAKECUDA_TEXT"] = Path.Combine(folder, "text"),
            ["FAKECUDA_LAUNCH"] = Path.Combine(folder, "launches"),
            [Control] = Path.Combine(folder, "control"),
            [Failed] = Path.Combine(folder, "failed"),
        };
    }

    /// <summary>The PTX that was loaded last.</summary>
    public string LastText => File.ReadAllText(Path.Combine(folder, "text"));

    /// <summary>A line for each launch, and for each attribute that was set.</summary>
    public string[] Launches => File.ReadAllLines(Path.Combine(folder, "launches"));

    public void Dispose() => Directory.Delete(folder, recursive: true);

    /// <summary>In that process: lets a call fail, counted from 1 from now on; 2, out of memory, once, other codes from then on. 0: no call.</summary>
    public static void FailAt(int call, int code)
    {
        File.Delete(System.Environment.GetEnvironmentVariable(Failed)!);
        File.WriteAllText(System.Environment.GetEnvironmentVariable(Control)!, $"{++round} {call} {code}\n");
    }

    /// <summary>In that process: where the launches are written.</summary>
    public static string LaunchFile => System.Environment.GetEnvironmentVariable("FAKECUDA_LAUNCH")!;

    /// <summary>In that process: the call that was made to fail, if it was reached.</summary>
    public static string? FailedCall => System.Environment.GetEnvironmentVariable(Failed) is { } file && File.Exists(file) ? File.ReadAllText(file) : null;
}
