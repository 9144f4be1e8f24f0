namespace NeuralOde.Tests.Tensors;

public sealed class TensorScopeTests
{
    [Fact]
    public void A_scope_disposes_what_was_made_in_it()
    {
        Tensor made;
        using (new TensorScope()) made = Tensor.Zeros([1]) + 1;

        Assert.True(made.IsDisposed);
    }

    [Fact]
    public void Intermediate_results_leave_nothing_behind()
    {
        var before = NativeObjects.Settled();
        using (new TensorScope())
        {
            var a = Tensor.Ones([3]);
            _ = ((a * 2) + (a / 3) - a.Tanh()).Sum().ToDouble();
        }

        Assert.Equal(before, Library.LiveObjects);
    }

    [Fact]
    public void A_kept_tensor_moves_to_the_enclosing_scope()
    {
        Tensor kept;
        using (var outer = new TensorScope())
        {
            using (var inner = new TensorScope()) kept = inner.Keep(Tensor.Zeros([1]));
            Assert.False(kept.IsDisposed);
            Assert.Equal(1, outer.Count);
        }

        Assert.True(kept.IsDisposed);
    }

    [Fact]
    public void A_tensor_kept_by_the_outermost_scope_is_the_callers()
    {
        Tensor kept;
        using (var scope = new TensorScope()) kept = scope.Keep(Tensor.Zeros([1]));

        Assert.False(kept.IsDisposed);
        kept.Dispose();
    }

    [Fact]
    public void A_tensor_detached_from_its_scope_is_the_callers()
    {
        Tensor detached;
        using (new TensorScope())
        using (new TensorScope()) detached = Tensor.Zeros([1]).DetachFromScope();

        Assert.False(detached.IsDisposed);
        detached.Dispose();
    }

    [Fact]
    public void Tensors_disposed_by_hand_do_not_pile_up_in_a_long_scope()
    {
        using var scope = new TensorScope();
        for (var i = 0; i < 10_000; i++) Tensor.Scalar(i).Dispose();

        Assert.Equal(0, scope.Count);
    }

    [Fact]
    public void Closing_a_scope_closes_those_opened_in_it()
    {
        var outer = new TensorScope();
        _ = new TensorScope();
        var made = Tensor.Zeros([1]);
        outer.Dispose();

        Assert.True(made.IsDisposed);
        Assert.Null(TensorScope.Current);
    }

    [Fact]
    public void A_scope_does_not_see_other_threads()
    {
        using var scope = new TensorScope();
        Tensor? made = null;
        var thread = new Thread(() => made = Tensor.Zeros([1]));
        thread.Start();
        thread.Join();

        Assert.Equal(0, scope.Count);
        made!.Dispose();
    }

    [Fact]
    public void A_scope_cannot_close_on_another_thread()
    {
        using var scope = new TensorScope();
        Exception? error = null;
        var thread = new Thread(() => error = Record.Exception(scope.Dispose));
        thread.Start();
        thread.Join();

        Assert.Contains("close it there", Assert.IsType<InvalidOperationException>(error).Message, StringComparison.Ordinal);
    }
}
