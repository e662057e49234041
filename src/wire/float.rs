//! The floating points of Max Resp Code and QQIC (eight bits), and of MLDv2's Maximum Response Code
//! (sixteen bits).
//!
//! Owns RFC 3376 sections 4.1.1 and 4.1.7, which use one code for different units (tenths of a
//! second and seconds), and RFC 3810 section 5.1.3 (milliseconds). Values between two codes are
//! rounded down, never up, so that no host waits longer than the querier meant.

/// The largest value that a code of eight bits can express.
pub const MAX: u32 = 31_744;

/// The largest value that a code of sixteen bits can express.
pub const MAX_16: u32 = 8_387_584;

/// The value of a code: itself below 128, else `(mant | 0x10) << (exp + 3)`.
#[must_use]
pub const fn decode_float(code: u8) -> u32 {
    let value = code as u32;
    if code < 128 {
        return value; // RFC3376-4.1.1-01, RFC3376-4.1.7-01
    }
    let (exp, mant) = (value >> 4 & 0x07, value & 0x0f);
    (mant | 0x10) << (exp + 3) // RFC3376-4.1.1-02, RFC3376-4.1.7-01
}

/// The code of the largest value not above `value`: exact below 128, and [`MAX`] from there on.
#[must_use]
pub const fn encode_float(value: u32) -> u8 {
    if value < 128 {
        return value as u8;
    }
    if value >= MAX {
        return 0xff;
    }
    // 128 has eight significant bits and exponent 0.
    let exp = u32::BITS - value.leading_zeros() - 8;
    let mant = value >> (exp + 3) & 0x0f; // RFC3376-8.8-01: digits that do not fit are cut off.
    (0x80 | exp << 4 | mant) as u8
}

/// The value of a code of sixteen bits: itself below 32768, else `(mant | 0x1000) << (exp + 3)`.
#[must_use]
pub const fn decode_float_16(code: u16) -> u32 {
    let value = code as u32;
    if code < 0x8000 {
        return value; // RFC3810-5.1.3-01
    }
    let (exp, mant) = (value >> 12 & 0x07, value & 0x0fff);
    (mant | 0x1000) << (exp + 3)
}

/// The code of sixteen bits of the largest value not above `value`: exact below 32768, and
/// [`MAX_16`] from there on.
#[must_use]
pub const fn encode_float_16(value: u32) -> u16 {
    if value < 0x8000 {
        return value as u16;
    }
    if value >= MAX_16 {
        return 0xffff;
    }
    // 32768 has sixteen significant bits and exponent 0.
    let exp = u32::BITS - value.leading_zeros() - 16;
    let mant = value >> (exp + 3) & 0x0fff;
    (0x8000 | exp << 12 | mant) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC3376-4.1.1-01, RFC3376-4.1.7-01
    #[test]
    fn small_codes_are_the_value_itself() {
        for code in 0..128 {
            assert_eq!(decode_float(code), u32::from(code));
            assert_eq!(encode_float(u32::from(code)), code);
        }
    }

    // RFC3376-4.1.1-02, RFC3376-4.1.7-01: each exponent's first and last mantissa.
    #[test]
    fn large_codes_are_mantissa_and_exponent() {
        let rows = [
            (0x80, 128, 0x8f, 248),
            (0x90, 256, 0x9f, 496),
            (0xa0, 512, 0xaf, 992),
            (0xb0, 1024, 0xbf, 1984),
            (0xc0, 2048, 0xcf, 3968),
            (0xd0, 4096, 0xdf, 7936),
            (0xe0, 8192, 0xef, 15_872),
            (0xf0, 16_384, 0xff, MAX),
        ];
        for (first, low, last, high) in rows {
            assert_eq!((decode_float(first), decode_float(last)), (low, high));
        }
        assert_eq!(decode_float(0x8a), 208);
    }

    // RFC3376-4.1.7-01
    #[test]
    fn every_code_survives_the_round_trip() {
        for code in 0..=255 {
            assert_eq!(encode_float(decode_float(code)), code);
        }
    }

    // RFC3376-8.8-01: 13.0 s in tenths can only be encoded as 12.8 s.
    #[test]
    fn what_cannot_be_said_is_rounded_down() {
        for (value, said) in [(130, 128), (135, 128), (136, 136), (249, 248), (16_383, 15_872)] {
            assert_eq!(decode_float(encode_float(value)), said);
        }
        for code in 128..255 {
            let next = decode_float(code + 1);
            assert_eq!([next - 1, next].map(encode_float), [code, code + 1]);
        }
    }

    #[test]
    fn values_beyond_the_largest_are_the_largest() {
        assert_eq!(encode_float(MAX - 1), 0xfe);
        assert_eq!([MAX, MAX + 1, 32_767, 32_768, u32::MAX].map(encode_float), [0xff; 5]);
    }

    // RFC3810-5.1.3-01: each exponent's first and last mantissa.
    #[test]
    fn codes_of_sixteen_bits_are_milliseconds_or_mantissa_and_exponent() {
        let rows = [
            (0, 0, 0x7fff, 32_767),
            (0x8000, 32_768, 0x8fff, 65_528),
            (0x9000, 65_536, 0x9fff, 131_056),
            (0xa000, 131_072, 0xafff, 262_112),
            (0xf000, 4_194_304, 0xffff, MAX_16),
        ];
        for (first, low, last, high) in rows {
            assert_eq!((decode_float_16(first), decode_float_16(last)), (low, high));
        }
        assert_eq!(decode_float_16(0x8001), 32_776);
    }

    // RFC3810-5.1.3-01
    #[test]
    fn every_code_of_sixteen_bits_survives_the_round_trip_and_the_rest_is_rounded_down() {
        for code in 0..u16::MAX {
            assert_eq!(encode_float_16(decode_float_16(code)), code);
            let next = decode_float_16(code + 1);
            assert_eq!([next - 1, next].map(encode_float_16), [code, code + 1]);
        }
        assert_eq!([MAX_16, MAX_16 + 1, u32::MAX].map(encode_float_16), [0xffff; 3]);
    }
}
