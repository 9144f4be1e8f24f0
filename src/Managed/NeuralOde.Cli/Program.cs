using NeuralOde.Cli;

HostProcess.Prepare();
return CommandLine.Run(args, Console.Out, Console.Error);
