namespace Llama4.Tests.Chat;

/// <summary>The day this was written, at noon, UTC.</summary>
sealed class FixedClock : TimeProvider
{
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override DateTimeOffset GetUtcNow() => new(2026, 11, 4, 12, 5, 9, TimeSpan.Zero);
}
