using System.Globalization;
using System.Numerics;

namespace Llama4.Core.Chat.Jinja;

/// <summary>Whole numbers, floats and booleans (which count as 0 and 1), computed, read and written as Python does.</summary>
static class Numbers
{
    public static bool IsNumber(Value value) => value is Int or Float or Bool;

    public static bool IsWhole(Value value) => value is Int or Bool;

    /// <summary>The whole number of an Int, a Bool or a finite Float (cut towards zero).</summary>
    public static BigInteger ToInteger(Value value) => value switch
    {
        Int { Number: var number } => number,
        Bool { IsTrue: var isTrue } => isTrue ? 1 : 0,
        Float { Number: var number } when double.IsFinite(number) => new BigInteger(number),
        _ => throw new TemplateException($"cannot convert {value.TypeName} to a whole number"),
    };

    public static double ToDouble(Value value)
    {
        if (value is Float { Number: var number })
            return number;
        double whole = (double)ToInteger(value);
        return double.IsFinite(whole) ? whole : throw new TemplateException("int too large to convert to float");
    }

    public static bool AreEqual(Value a, Value b) => Compare(a, b) == 0;

    /// <summary>Exact, also between whole numbers and floats; null when one is not a number.</summary>
    public static int? Compare(Value a, Value b)
    {
        if (IsWhole(a) && IsWhole(b))
            return ToInteger(a).CompareTo(ToInteger(b));
        if (a is Float { Number: var left } && b is Float { Number: var right })
            return double.IsNaN(left) || double.IsNaN(right) ? null : left.CompareTo(right);
        if (a is Float)
            return -Compare(b, a);
        double number = ((Float)b).Number;
        if (!double.IsFinite(number))
            return double.IsNaN(number) ? null : double.IsPositive(number) ? -1 : 1;
        int whole = ToInteger(a).CompareTo(new BigInteger(Math.Floor(number)));
        return whole == 0 && !double.IsInteger(number) ? -1 : whole;
    }

    public static Value Negate(Value value) => IsWhole(value) ? new Int(-ToInteger(value)) : new Float(-ToDouble(value));

    public static Value Compute(string @operator, Value a, Value b)
    {
        if (@operator == "**")
            return Power(a, b);
        if (@operator is "/" or "//" or "%" && ToDouble(b) == 0)
            throw new TemplateException("division by zero");
        if (@operator == "/" || a is Float || b is Float)
            return new Float(Compute(@operator, ToDouble(a), ToDouble(b)));
        return new Int(Budget.Checked(Compute(@operator, ToInteger(a), ToInteger(b))));
    }

    /// <summary>Shortest digits that read back as the same number, in Python's layout.</summary>
    public static string ToText(double number)
    {
        if (!double.IsFinite(number))
            return double.IsNaN(number) ? "nan" : number > 0 ? "inf" : "-inf";
        string[] parts = Math.Abs(number).ToString("R", CultureInfo.InvariantCulture).Split('E');
        int dot = parts[0].IndexOf('.');
        string digits = parts[0].Replace(".", "");
        int point = (dot < 0 ? parts[0].Length : dot) + (parts.Length > 1 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : 0);
        int zeros = digits.Length - digits.TrimStart('0').Length;
        digits = digits.Trim('0');
        point -= zeros;
        string sign = double.IsNegative(number) ? "-" : "";
        if (digits.Length == 0)
            return sign + "0.0";
        if (point is <= -4 or > 16)
            return $"{sign}{digits[0]}{(digits.Length > 1 ? "." : "")}{digits[1..]}e{(point > 0 ? '+' : '-')}{Math.Abs(point - 1):00}";
        if (point <= 0)
            return $"{sign}0.{new string('0', -point)}{digits}";
        return digits.Length <= point ? $"{sign}{digits.PadRight(point, '0')}.0" : $"{sign}{digits[..point]}.{digits[point..]}";
    }

    /// <summary>To <paramref name="places"/> decimal places, ties to even, from the exact value.</summary>
    public static double Round(double number, int places)
    {
        if (!double.IsFinite(number) || places > 323)
            return number;
        if (places < -308)
            return 0;
        long bits = BitConverter.DoubleToInt64Bits(Math.Abs(number));
        int exponent = Math.Max((int)(bits >> 52), 1) - 1075;
        BigInteger numerator = (bits & ((1L << 52) - 1)) | (bits >> 52 == 0 ? 0 : 1L << 52), denominator = 1;
        numerator *= BigInteger.Pow(2, Math.Max(exponent, 0)) * BigInteger.Pow(10, Math.Max(places, 0));
        denominator *= BigInteger.Pow(2, Math.Max(-exponent, 0)) * BigInteger.Pow(10, Math.Max(-places, 0));
        var whole = BigInteger.DivRem(numerator, denominator, out BigInteger rest);
        int half = (2 * rest).CompareTo(denominator);
        if (half > 0 || (half == 0 && !whole.IsEven))
            whole++;
        double rounded = double.Parse($"{whole}E{-places}", CultureInfo.InvariantCulture);
        return double.IsNegative(number) ? -rounded : rounded;
    }

    /// <summary>int(text, base); null when the text is not one.</summary>
    public static BigInteger? ParseInteger(string text, int numberBase)
    {
        const int longest = Limits.IntegerBits;     // a digit has at least one bit
        ReadOnlySpan<char> digits = text.AsSpan().Trim();
        bool negative = digits.StartsWith("-");
        if (negative || digits.StartsWith("+"))
            digits = digits[1..];
        string prefix = numberBase switch { 16 => "0x", 8 => "0o", 2 => "0b", _ => "" };
        if (prefix != "" && digits.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
            digits = digits[2..];
        if (digits.IsEmpty || digits.Length > longest || digits[0] == '_' || digits[^1] == '_' || digits.IndexOf("__") >= 0)
            return null;
        BigInteger value = 0;
        foreach (char digit in digits)
        {
            if (digit == '_')
                continue;
            int place = char.IsAsciiDigit(digit) ? digit - '0' : char.IsAsciiLetter(digit) ? (digit | 0x20) - 'a' + 10 : numberBase;
            if (place >= numberBase)
                return null;
            value = value * numberBase + place;
        }
        return Budget.Checked(negative ? -value : value);
    }

    /// <summary>float(text); null when the text is not one.</summary>
    public static double? ParseFloat(string text)
    {
        string trimmed = text.Trim().ToLowerInvariant();
        string unsigned = trimmed.TrimStart('+', '-');
        if (unsigned is "inf" or "infinity" or "nan")
            return unsigned == "nan" ? double.NaN : trimmed[0] == '-' ? double.NegativeInfinity : double.PositiveInfinity;
        if (unsigned.Length == 0 || !(char.IsAsciiDigit(unsigned[0]) || unsigned[0] == '.') || trimmed.Length > Limits.IntegerBits)
            return null;
        return double.TryParse(trimmed, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number : null;
    }

    static double Compute(string @operator, double a, double b)
    {
        switch (@operator)
        {
            case "+": return a + b;
            case "-": return a - b;
            case "*": return a * b;
            case "/": return a / b;
        }
        double rest = a % b;
        if (rest != 0 && rest < 0 != b < 0)
            rest += b;
        return @operator == "//" ? Math.Round((a - rest) / b) : rest;
    }

    static BigInteger Compute(string @operator, BigInteger a, BigInteger b)
    {
        switch (@operator)
        {
            case "+": return a + b;
            case "-": return a - b;
            case "*": return a * b;
        }
        var quotient = BigInteger.DivRem(a, b, out BigInteger rest);
        bool down = !rest.IsZero && rest.Sign != b.Sign;
        return @operator == "//" ? (down ? quotient - 1 : quotient) : down ? rest + b : rest;
    }

    static Value Power(Value a, Value b)
    {
        if (IsWhole(a) && IsWhole(b) && ToInteger(b).Sign >= 0)
        {
            BigInteger number = ToInteger(a), exponent = ToInteger(b);
            if (BigInteger.Abs(number) <= 1)
                return new Int(exponent.IsZero ? 1 : number.Sign < 0 && exponent.IsEven ? 1 : number);
            if (exponent > Limits.IntegerBits)
                throw new TemplateException($"a whole number to the power {exponent} (results have at most {Limits.IntegerBits} bits)");
            // The result has more bits than this product; beyond the limit it is not computed.
            long leastBits = (BigInteger.Abs(number).GetBitLength() - 1) * (long)exponent;
            return leastBits > Limits.IntegerBits
                ? throw new TemplateException($"a whole number of {leastBits} bits (at most {Limits.IntegerBits})")
                : new Int(Budget.Checked(BigInteger.Pow(number, (int)exponent)));
        }
        double result = Math.Pow(ToDouble(a), ToDouble(b));
        if (double.IsNaN(result) && !double.IsNaN(ToDouble(a)) && !double.IsNaN(ToDouble(b)))
            throw TemplateException.NotSupported("complex numbers");
        return new Float(result);
    }
}
