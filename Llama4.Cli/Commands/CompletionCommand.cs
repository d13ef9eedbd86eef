using System.CommandLine;
using Llama4.Cli.Interaction;

namespace Llama4.Cli.Commands;

/// <summary>Prints a script for a shell that asks this program, by its [suggest] directive, what may come next.</summary>
internal static class CompletionCommand
{
    static readonly Dictionary<string, string> scripts = new()
    {
        ["bash"] = """
            # eval "$(llama4 completion bash)"   in ~/.bashrc
            _llama4_complete() {
                local IFS=$'\n'
                COMPREPLY=( $(compgen -W "$(llama4 "[suggest:${COMP_POINT}]" "${COMP_LINE}" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}") )
            }
            complete -o default -F _llama4_complete llama4
            """,
        ["zsh"] = """
            # eval "$(llama4 completion zsh)"   in ~/.zshrc, after compinit
            _llama4() {
                local -a words_found=( ${(f)"$(llama4 "[suggest:${#BUFFER}]" "$BUFFER" 2>/dev/null)"} )
                compadd -- $words_found
                _files
            }
            compdef _llama4 llama4
            """,
        ["fish"] = """
            # llama4 completion fish > ~/.config/fish/completions/llama4.fish
            complete -c llama4 -a '(set -l line (commandline -cp); llama4 "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null)'
            """,
        ["pwsh"] = """
            # llama4 completion pwsh | Out-String | Invoke-Expression   in $PROFILE
            Register-ArgumentCompleter -Native -CommandName llama4 -ScriptBlock {
                param($wordToComplete, $commandAst, $cursorPosition)
                llama4 "[suggest:$cursorPosition]" "$commandAst" 2>$null |
                    Where-Object { $_ -like "$wordToComplete*" } |
                    ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }
            }
            """,
    };

    public static Command Create(Terminal terminal)
    {
        var shell = new Argument<string>("shell") { Description = string.Join(", ", scripts.Keys) };
        shell.CompletionSources.Add([.. scripts.Keys]);
        var command = new Command("completion", "Print a script that completes commands and options in a shell.") { shell };
        command.SetAction(line =>
        {
            string name = line.GetRequiredValue(shell);
            if (!scripts.TryGetValue(name, out string? script))
                throw new UsageException($"there is no script for {name}, choose one of {string.Join(", ", scripts.Keys)}");
            terminal.Out.WriteLine(script);
        });
        return command;
    }
}
