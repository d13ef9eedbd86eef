using Llama4.Kernels.Formats;
using Llama4.Kernels.Gpu;
using Llama4.Kernels.Gpu.Products;

namespace Llama4.Tests.Gpu;

/// <summary>The specialisations of the kernels of linear layers, and what is promised of their text.</summary>
static class ProductKernels
{
    static readonly Type[] rowCounts = [typeof(OneRow), typeof(TwoRows), typeof(FourRows), typeof(EightRows)];

    /// <summary>Rows of x, and where they are as bytes.</summary>
    static readonly Type[][] inputs = [.. rowCounts.Select(rows => (Type[])[rows, typeof(ByteRows)]), [typeof(OneRow), typeof(OwnByteRow)]];

    static readonly Type[][] pieces =
    [
        [typeof(Q8_0Pieces), typeof(Q8_0Pieces.Raw)], [typeof(Q4_0Pieces), typeof(Q4_0Pieces.Raw)],
        [typeof(Q4_KPieces), typeof(Q4_KPieces.Raw)], [typeof(Q6_KPieces), typeof(Q6_KPieces.Raw)],
    ];

    static readonly Type[][] fragments = [[typeof(Q4_KFragments), typeof(Q4_KFragments.Raw)], [typeof(Q8_0Fragments), typeof(Q8_0Fragments.Raw)]];

    static readonly Type[] chunks = [typeof(F32Chunks), typeof(F16Chunks), typeof(BF16Chunks), typeof(F8E4M3Chunks)];

    /// <summary>Tile, weights and what a thread holds of them.</summary>
    static IEnumerable<Type[]> Tiles =>
    [
        .. new[] { typeof(LargeTile), typeof(SmallTile) }.SelectMany(_ => Wide, (tile, weights) => (Type[])[tile, .. weights]),
        .. KernelTests.Formats.Where(format => format[0] != typeof(F32)).Select(format => (Type[])[typeof(LargeTile), typeof(DecodeTile<,>).MakeGenericType(format), typeof(byte)]),
    ];

    static IEnumerable<Type[]> Wide =>
    [
        .. pieces.Select(piece => (Type[])[typeof(PieceTile<,>).MakeGenericType(piece), piece[1]]),
        .. chunks[1..].Select(chunk => (Type[])[typeof(ChunkTile<>).MakeGenericType(chunk), typeof(ChunkTile<>.Raw).MakeGenericType(chunk)]),
    ];

    /// <summary>Null for a kernel of another kind.</summary>
    public static IEnumerable<Type>? Closed(Type kernel) =>
        kernel == typeof(FewRowsBytes<,,,>) ? pieces.SelectMany(_ => inputs, (piece, input) => kernel.MakeGenericType([.. piece, .. input]))
        : kernel == typeof(FewRowsFloats<,>) ? chunks.SelectMany(_ => rowCounts, (chunk, rows) => kernel.MakeGenericType(chunk, rows))
        : kernel == typeof(FewRowsTensor<,,>) ? fragments.SelectMany(_ => rowCounts[..3], (fragment, blocks) => kernel.MakeGenericType([.. fragment, blocks]))
        : kernel == typeof(ManyRows<,,>) ? Tiles.Select(tile => kernel.MakeGenericType(tile))
        : null;

    /// <summary>Instructions that must be there.</summary>
    public static string[] Promised(Type kernel)
    {
        Type? open = kernel.IsGenericType ? kernel.GetGenericTypeDefinition() : null;
        return open == typeof(FewRowsBytes<,,,>) ?
            [
                "ld.global.nc.L2::128B.v4.b32", "dp4a.s32.s32",
                .. kernel.GetGenericArguments()[3] == typeof(OwnByteRow) ? (string[])["ld.global.v4.f32", "ld.shared.v4.b32"] : ["ld.global.v4.b32"],
            ]
            : open == typeof(FewRowsFloats<,>) ? ["ld.global.nc.L1::no_allocate.L2::128B.v4.b32", "ld.global.v4.f32", "fma.rn.f32"]
            : open == typeof(FewRowsTensor<,,>) ? ["mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32", "ld.global.nc.L2::128B.v2.b32", "ld.global.v4.f32"]
            : open == typeof(ManyRows<,,>) ?
            [
                "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32", "ldmatrix.sync.aligned.m8n8.x4", "cp.async.cg.shared.global", "st.shared.v4.b32",
                .. kernel.GetGenericArguments()[1].GetGenericTypeDefinition() == typeof(DecodeTile<,>) ? (string[])[] : ["ld.global.nc.L2::128B.v4.b32"],
            ]
            : [];
    }
}
