using Llama4.Kernels.Gpu.Products;

namespace Llama4.Kernels.Gpu;

sealed partial class GpuDevice
{
    /// <summary>x in the forms that the matrices of one call ask for, each made once.</summary>
    struct ProductInput(GpuDevice device, Tensor x)
    {
        ByteRows? bytes;
        BFloatRows? bfloats;
        FragmentRows? fragments;

        /// <param name="made">The bytes of x; default: not made yet.</param>
        public ProductInput(GpuDevice device, Tensor x, ByteRows made)
            : this(device, x) => bytes = made.Values == 0 ? null : made;

        public readonly Tensor X => x;

        public readonly bool HasBytes => bytes is not null;

        public ByteRows Bytes()
        {
            if (bytes is ByteRows made) return made;
            var rows = new ByteRows(device.byteScratch.Address(ByteRows.Bytes(x.Rows, x.Columns)), x.Rows, x.Columns);
            long groups = x.Count / ByteRows.GroupLength;
            device.ForNumbers(groups, new QuantiseKernel(x.Address, rows, groups));
            bytes = rows;
            return rows;
        }

        public FragmentRows Fragments()
        {
            if (fragments is FragmentRows made) return made;
            var rows = new FragmentRows(device.fragmentScratch.Address(FragmentRows.Bytes(x.Rows, x.Columns)), x.Rows, x.Columns);
            long items = (long)FragmentRows.Padded(x.Rows) * (x.Columns / ByteRows.GroupLength);
            device.ForNumbers(items, new FragmentKernel(x.Address, x.Rows, x.Columns, rows, items));
            fragments = rows;
            return rows;
        }

        public BFloatRows BFloats()
        {
            if (bfloats is BFloatRows made) return made;
            var rows = new BFloatRows(device.bfloatScratch.Address(BFloatRows.Bytes(x.Rows, x.Columns)), x.Columns);
            long items = (long)x.Rows * rows.Columns / 8;
            device.ForNumbers(items, new RoundKernel(x.Address, x.Columns, rows, items));
            bfloats = rows;
            return rows;
        }
    }
}
