using System.Diagnostics;
using Llama4.Core;
using Llama4.Core.Formats;
using Llama4.Kernels.Cpu;

namespace Llama4.Tests.Formats;

/// <summary>Paths that are no ordinary files, and files that change under us. Rows G42, G43, S32, A53.</summary>
public class FileKindTests
{
    [Fact]
    public void A_missing_path_names_the_models_near_it()
    {
        using var folder = new TempFolder();
        folder.Write("first.gguf", TinyModels.Gguf().Build());
        folder.Write("mmproj.gguf", TinyModels.Vision().Build());
        Directory.CreateDirectory(folder["second"]);
        File.WriteAllText(folder["second/config.json"], "{}");
        string message = Refusal.Of(folder["thrid.gguf"], "no such file", "first.gguf", "second").Message;
        Assert.DoesNotContain("mmproj.gguf", message);
        Refusal.Of(folder["deep/er/x.gguf"], "no such file", "first.gguf");
    }

    [Fact]
    public void A_folder_with_one_model_opens_it_and_one_with_several_asks()
    {
        using var folder = new TempFolder();
        Refusal.Of(folder.Root, "no config.json", "no .gguf");
        folder.Write("first.gguf", TinyModels.Gguf().Build());
        folder.Write("mmproj.gguf", TinyModels.Vision().Build());
        using (Checkpoint checkpoint = Checkpoint.Open(folder.Root)) Assert.NotNull(checkpoint.Config.Vision);
        folder.Write("second.gguf", TinyModels.Gguf().Build());
        Refusal.Of(folder.Root, "2 .gguf models", "first.gguf", "second.gguf");
    }

    [Fact]
    public void Other_files_are_no_models()
    {
        using var folder = new TempFolder();
        Refusal.Of(folder.Write("notes.txt", "hello there"), "notes.txt", "is no model");
        Refusal.Of(folder.Write("x.safetensors", new byte[16]), "x.safetensors", "is no model");
        Refusal.Of(folder.Write("x.gguf", "hello there, this is text"), "expected GGUF");
    }

    [Fact]
    public void Folders_named_like_files_are_refused()
    {
        using var folder = new TempFolder();
        Directory.CreateDirectory(folder["x.gguf"]);
        Refusal.Of(folder["x.gguf"], "x.gguf");
        TinyModels.WriteFolder(folder);
        File.Delete(folder["model.safetensors"]);
        Directory.CreateDirectory(folder["model.safetensors"]);
        Refusal.Of(folder.Root, "model.safetensors", "folder");
    }

    [Theory]
    [InlineData("/dev/zero")]
    [InlineData("/dev/random")]
    [InlineData("/dev/null")]
    [InlineData("/proc/self/environ")]
    public void Devices_are_refused_without_reading_them(string device)
    {
        if (OperatingSystem.IsWindows()) return;
        using var folder = new TempFolder();
        Refusal.Of(device, "not a regular file");
        File.CreateSymbolicLink(folder["x.gguf"], device);
        Refusal.Of(folder["x.gguf"], "not a regular file");
    }

    [Fact]
    public void A_pipe_is_refused_without_waiting_for_it()
    {
        if (OperatingSystem.IsWindows()) return;
        using var folder = new TempFolder();
        using (Process make = Process.Start("mkfifo", folder["x.gguf"])) make.WaitForExit();
        Refusal.Of(folder["x.gguf"], "not a regular file");
    }

    [Fact]
    public void Links_are_followed_but_not_in_circles()
    {
        if (OperatingSystem.IsWindows()) return;
        using var folder = new TempFolder();
        folder.Write("blob", TinyModels.Gguf().Build());
        File.CreateSymbolicLink(folder["x.gguf"], "blob");
        using (Checkpoint checkpoint = Checkpoint.Open(folder["x.gguf"]))
        {
            using var device = new CpuDevice();
            checkpoint.LoadText(device, cancel: TestContext.Current.CancellationToken);
        }
        File.CreateSymbolicLink(folder["a.gguf"], "b.gguf");
        File.CreateSymbolicLink(folder["b.gguf"], "a.gguf");
        Refusal.Of(folder["a.gguf"], "a.gguf");
        File.CreateSymbolicLink(folder["c.gguf"], "nowhere");
        Refusal.Of(folder["c.gguf"], "c.gguf");
    }

    [Fact]
    public void An_unreadable_file_is_refused()
    {
        if (OperatingSystem.IsWindows()) return;
        using var folder = new TempFolder();
        string path = folder.Write("x.gguf", TinyModels.Gguf().Build());
        File.SetUnixFileMode(path, UnixFileMode.None);
        // The superuser may read everything: then there is nothing to refuse.
        if (Environment.UserName == "root") Checkpoint.Open(path).Dispose();
        else Refusal.Of(path, "cannot be opened");
    }

    [Fact]
    public void A_file_that_changed_since_its_header_was_read_is_not_loaded()
    {
        byte[] file = TinyModels.Gguf().Build();
        Changed(path => File.WriteAllBytes(path, file[..^64]), "bytes of");
        Changed(path => File.WriteAllBytes(path, [.. file, .. new byte[64]]), "bytes of");
        Changed(path => File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddHours(1)), "changed since it was opened");
        Changed(File.Delete, "x.gguf");

        void Changed(Action<string> change, string mention)
        {
            using var folder = new TempFolder();
            string path = folder.Write("x.gguf", file);
            using Checkpoint checkpoint = Checkpoint.Open(path);
            change(path);
            using var device = new CpuDevice();
            var refusal = Assert.Throws<ModelFormatException>(
                () => checkpoint.LoadText(device, cancel: TestContext.Current.CancellationToken));
            Assert.Contains(mention, refusal.Message);
        }
    }

    [Fact]
    public void A_replaced_shard_is_not_loaded()
    {
        using var folder = new TempFolder();
        TinyModels.WriteFolder(folder);
        using Checkpoint checkpoint = Checkpoint.Open(folder.Root);
        List<TensorToWrite> other = TinyModels.Tensors();
        other.Reverse();
        SafetensorsWriter.Save(folder["model.safetensors"], other);
        File.SetLastWriteTimeUtc(folder["model.safetensors"], DateTime.UtcNow.AddHours(1));
        using var device = new CpuDevice();
        Assert.Throws<ModelFormatException>(() => checkpoint.LoadText(device, cancel: TestContext.Current.CancellationToken));
    }
}
