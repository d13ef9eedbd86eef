using BenchmarkDotNet.Running;
using Llama4.Bench;
using Llama4.Bench.Cpu;
using Llama4.Bench.Gpu;
using Llama4.Kernels;
using Llama4.Kernels.Cpu;

try
{
    return Run(args);
}
catch (UsageException error)
{
    Console.Error.WriteLine($"error: {error.Message}");
    return 2;
}

static int Run(string[] args)
{
    if (args is not [string command, .. string[] rest])
    {
        Console.Error.WriteLine("""
            usage: Llama4.Bench machine                       what this machine is, its read bandwidth, the hand-over to threads
                   Llama4.Bench cpu FILE [options]            prefill and decode speed of a model, beside a peer's
                     --threads 1,2  --prefill 32,128,512  --decode 64  --depth 0,4096  --kv BF16  --rounds 5  --chunk 512  --repack on|off  --json FILE
                     --peer COMMAND                             as llama.cpp's llama-bench: takes -m -t -p -n -d -r -o json
                   Llama4.Bench start COMMAND [--rounds 11]    from the start of a process to its first output, in milliseconds
                   Llama4.Bench generate FILE.gguf [options]  a random model of true dimensions; without .gguf a folder of safetensors, BF16 or F8E4M3
                     --shape scout|maverick  --layers 4  --format Q4_K_M  --vocabulary 32768
                   Llama4.Bench gpu [options]                 a GPU: limits, operations, random models; right first
                     --device 0  --minutes 7  --json FILE  --table FILE
                   Llama4.Bench kernels [BenchmarkDotNet arguments]
            """);
        return 2;
    }

    switch (command)
    {
        case "machine":
            Machine machine = Machine.Describe();
            Console.WriteLine(machine);
            foreach (CpuPath way in CpuPath.All) Console.WriteLine($"path {way}");
            for (int threads = 1; threads <= machine.Cores; threads *= 2)
                Console.WriteLine(FormattableString.Invariant($"read bandwidth, {threads} threads: {Machine.ReadBandwidth(threads):f1} GB/s, multiply-add {Machine.MultiplyAddRate(threads):f0} Gflop/s, byte products {Machine.ByteProductRate(threads):f0} Gop/s, hand-over {HandOver.Microseconds(threads):f2} µs"));
            return 0;

        case "cpu":
            var options = new Options(rest, "threads", "prefill", "decode", "depth", "kv", "rounds", "chunk", "repack", "json", "peer");
            string file = options.Positional("model file");
            int allCores = Environment.ProcessorCount;
            EndToEndResult result = new EndToEnd(new EndToEndOptions(
                file, options.Integers("threads", allCores > 1 ? [1, allCores] : [1]), options.Integers("prefill", [32, 128, 512]),
                options.Integer("decode", 64), options.Integers("depth", [0]), options.Named("kv", Encoding.BF16),
                options.Integer("rounds", 5), options.Integer("chunk", 512), options.Text("repack", "on") != "off",
                options.Text("peer", "") is { Length: > 0 } peer ? new Peer(peer) : null)).Run(Console.Out);
            Console.WriteLine(FormattableString.Invariant(
                $"{result.FileBytes / 1e9:f2} GB, {result.BytesPerToken / 1e9:f3} GB per token, ready in {result.LoadSeconds:f2} s"));
            Console.WriteLine(result.MemoryText);
            if (options.Text("json", "") is { Length: > 0 } path) File.WriteAllText(path, result.ToJson());
            return 0;

        case "start":
            var startOptions = new Options(rest, "rounds");
            double[] times = [.. StartTime.Milliseconds(startOptions.Positional("command, in quotes"), startOptions.Integer("rounds", 11)).Order()];
            Console.WriteLine(FormattableString.Invariant($"first output after {times[times.Length / 2]:f0} ms, from {times[0]:f0} to {times[^1]:f0} in {times.Length} rounds"));
            return 0;

        case "generate":
            var generate = new Options(rest, "shape", "layers", "format", "vocabulary");
            string target = generate.Positional("file or folder to write");
            Action<string, string, int, string, int> write = target.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) ? RandomModel.Write : RandomFolder.Write;
            write(target, generate.Text("shape", "scout"), generate.Integer("layers", 4), generate.Text("format", "Q4_K_M"), generate.Integer("vocabulary", 32768));
            return 0;

        case "gpu":
            return GpuCommand.Run(new Options(rest, "device", "minutes", "json", "table"));

        case "kernels":
            BenchmarkSwitcher.FromAssembly(typeof(Machine).Assembly).Run(rest);
            return 0;

        default:
            Console.Error.WriteLine($"unknown command '{command}'; run without arguments for a list");
            return 2;
    }
}
