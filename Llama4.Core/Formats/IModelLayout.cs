using Llama4.Core.Model;

namespace Llama4.Core.Formats;

/// <summary>Which tensor is which weight, in one kind of file.</summary>
internal interface IModelLayout
{
    Llama4Weights Text(IWeightTarget target);

    /// <summary>Null without a vision part.</summary>
    VisionWeights? Vision(IWeightTarget target);
}
