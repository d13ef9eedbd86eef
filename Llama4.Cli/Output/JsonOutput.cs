using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Llama4.Cli.Interaction;

namespace Llama4.Cli.Output;

/// <summary>JSON for --json and for files: indented, and readable outside ASCII (it is never put into a web page).</summary>
internal static class JsonOutput
{
    static readonly JsonSerializerOptions options = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Text(JsonNode document) => document.ToJsonString(options);

    public static void Write(JsonNode document, Terminal terminal) => terminal.Out.WriteLine(Text(document));
}
