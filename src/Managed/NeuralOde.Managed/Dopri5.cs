namespace NeuralOde.Managed;

/// <summary>The tableau of Dormand and Prince 1980, order 5(4), whose last stage is the next step's first (FSAL):
/// z_i = z + h sum over j &lt; i of a_ij k_j;  k_i = f(t + c_i h, z_i);  z' = z + h sum of b_i k_i;  error = h sum of e_i k_i.</summary>
internal static class Dopri5
{
    public const int Stages = 7;

    /// <summary>Stages that z' depends on.</summary>
    public const int UsedStages = 6;

    public const int ErrorOrder = 5;

    public static readonly double[] C = [0, 1.0 / 5, 3.0 / 10, 4.0 / 5, 8.0 / 9, 1, 1];

    public static readonly double[][] A =
    [
        [],
        [1.0 / 5],
        [3.0 / 40, 9.0 / 40],
        [44.0 / 45, -56.0 / 15, 32.0 / 9],
        [19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729],
        [9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656],
    ];

    public static readonly double[] B = [35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84, 0];

    /// <summary>b less the embedded method's.</summary>
    public static readonly double[] E = [71.0 / 57600, 0, -71.0 / 16695, 71.0 / 1920, -17253.0 / 339200, 22.0 / 525, -1.0 / 40];
}
