using Llama4.Cli;
using Llama4.Cli.Interaction;

Terminal terminal = SystemTerminal.Open();
return await Application.RunAsync(args, terminal);
