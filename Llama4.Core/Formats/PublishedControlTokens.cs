namespace Llama4.Core.Formats;

/// <summary>The control tokens that follow Llama 4's 200,000 ranks (specification 4.3), for folders that hold the ranks alone.</summary>
internal static class PublishedControlTokens
{
    public const int FirstId = 200_000;

    public static IEnumerable<(string Text, int Id)> All
    {
        get
        {
            (string Name, int First, int From, int Count)[] runs =
            [
                ("text_post_train_reserved_special_token_", 200_010, 0, 6),
                ("text_post_train_reserved_special_token_", 200_019, 8, 61),
                ("vision_reserved_special_token_", 200_082, 0, 2),
                ("vision_reserved_special_token_", 200_086, 2, 4),
                ("vision_reserved_special_token_", 200_091, 6, 1),
                ("vision_reserved_special_token_", 200_093, 7, 1041),
                ("reasoning_reserved_special_token_", 201_134, 0, 8),
                ("reserved_special_token_", 201_144, 0, 904),
            ];
            (string Name, int Id)[] single =
            [
                ("begin_of_text", 200_000), ("end_of_text", 200_001), ("fim_prefix", 200_002), ("fim_middle", 200_003),
                ("fim_suffix", 200_004), ("header_start", 200_005), ("header_end", 200_006), ("eom", 200_007), ("eot", 200_008),
                ("step", 200_009), ("python_start", 200_016), ("python_end", 200_017), ("finetune_right_pad", 200_018),
                ("image_start", 200_080), ("image_end", 200_081), ("tile_x_separator", 200_084), ("tile_y_separator", 200_085),
                ("image", 200_090), ("patch", 200_092), ("reasoning_thinking_start", 201_142), ("reasoning_thinking_end", 201_143),
            ];
            foreach ((string name, int id) in single) yield return ($"<|{name}|>", id);
            foreach ((string name, int first, int from, int count) in runs)
                for (int i = 0; i < count; i++) yield return ($"<|{name}{from + i}|>", first + i);
        }
    }
}
