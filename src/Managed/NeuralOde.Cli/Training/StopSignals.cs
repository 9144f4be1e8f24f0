using System.Runtime.InteropServices;

namespace NeuralOde.Cli.Training;

/// <summary>Turns the first SIGINT, SIGTERM or SIGHUP into a cancellation; the second ends the process as usual.</summary>
internal sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly List<PosixSignalRegistration> _registrations = [];

    public StopSignals(Action<string> log)
    {
        foreach (var signal in (PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP])
        {
            _registrations.Add(PosixSignalRegistration.Create(signal, context =>
            {
                if (_source.IsCancellationRequested) return;
                context.Cancel = true;
                log("stopping after this step; once more ends at once, without saving");
                _source.Cancel();
            }));
        }
    }

    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        foreach (var registration in _registrations) registration.Dispose();
        _source.Dispose();
    }
}
