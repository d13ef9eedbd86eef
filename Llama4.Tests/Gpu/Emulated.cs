using System.Diagnostics;
using System.Reflection;
using Llama4.Tests.Kernels;

namespace Llama4.Tests.Gpu;

/// <summary>
/// Runs checks in another process: ILGPU's emulated GPU, a thread of the system for each thread of a group, hangs on a divergent warp
/// operation and ends the process on an exception. One process serves all, as long as it lives; one with variables of its own serves one check.
/// </summary>
sealed class Emulated : IDisposable
{
    // A check takes half a minute at most on an idle machine; a busy one leaves this process little, for it asks for little.
    static readonly TimeSpan limit = TimeSpan.FromMinutes(10);
    static readonly bool withoutVectors =
        Environment.GetEnvironmentVariable("DOTNET_EnableAVX2") == "0" || Environment.GetEnvironmentVariable("DOTNET_EnableAVX512") == "0";

    static readonly Lock turn = new();
    static Emulated? shared;

    readonly Process process;
    readonly Task<string> errors;

    Emulated(IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, "emulate") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string value) in environment) start.Environment[name] = value;
        process = Process.Start(start)!;
        errors = process.StandardError.ReadToEndAsync();
    }

    /// <param name="check">A static method or lambda that creates what it needs and asserts.</param>
    /// <param name="environment">Variables of a process for this check alone.</param>
    public static void Check(Action check, IReadOnlyDictionary<string, string>? environment = null)
    {
        SkipWithoutVectors();
        if (environment is null) CheckShared(check);
        else using (var own = new Emulated(environment)) own.Run(check);
    }

    /// <param name="check">A static lambda that starts from nothing but the device, which all checks share.</param>
    public static void Check(Action<TestDevice> check)
    {
        SkipWithoutVectors();
        CheckShared(check);
    }

    /// <summary>Skips, visibly, what costs time and is the same for every width of the processor's vectors.</summary>
    public static void SkipWithoutVectors() =>
        Assert.SkipWhen(withoutVectors, "nothing here depends on the processor's vectors: it is checked in the run with all of them");

    static void CheckShared(Delegate check)
    {
        lock (turn)
        {
            shared ??= new Emulated(new Dictionary<string, string>());
            bool lives = false;
            try
            {
                lives = shared.Run(check);
            }
            finally
            {
                if (!lives)
                {
                    shared.Dispose();
                    shared = null;
                }
            }
        }
    }

    /// <returns>Whether the process can serve another check; an exception means that too.</returns>
    bool Run(Delegate check)
    {
        MethodInfo method = check.Method;
        process.StandardInput.WriteLine($"{method.DeclaringType!.FullName} {method.Name}");
        process.StandardInput.Flush();
        Task<string?> answer = process.StandardOutput.ReadLineAsync();
        if (!answer.Wait(limit))
        {
            process.Kill();
            Assert.Fail($"{method.DeclaringType}.{method.Name}: not done after {limit}");
        }
        if (answer.Result is null) Assert.Fail($"{method.DeclaringType}.{method.Name}: the process ended\n{errors.Result}");
        if (answer.Result != "passed") Assert.Fail(Uri.UnescapeDataString(answer.Result));
        return true;
    }

    public void Dispose()
    {
        if (!process.HasExited) process.Kill();
        process.Dispose();
    }

    /// <summary>The other side: answers each line with one line, "passed" or what went wrong.</summary>
    public static int Serve()
    {
        // The many threads that wait for each other by turns leave the processor to other tests.
        using (Process self = Process.GetCurrentProcess()) self.PriorityClass = ProcessPriorityClass.BelowNormal;
        const BindingFlags Any = BindingFlags.Static | BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public;
        while (Console.ReadLine()?.Split(' ') is [string typeName, string methodName])
        {
            Type type = typeof(Emulated).Assembly.GetType(typeName, throwOnError: true)!;
            MethodInfo method = type.GetMethod(methodName, Any)!;
            // A static lambda is a method of an object that the compiler makes.
            object? target = method.IsStatic ? null : Activator.CreateInstance(type, nonPublic: true);
            string answer = "passed";
            try
            {
                if (method.GetParameters().Length == 0) method.CreateDelegate<Action>(target)();
                else method.CreateDelegate<Action<TestDevice>>(target)(new TestDevice(Devices.Get(Devices.EmulatedGpu), IsEmulated: true));
            }
            catch (Exception error)
            {
                answer = Uri.EscapeDataString(error.ToString());
            }
            Console.WriteLine(answer);
        }
        return 0;
    }
}
