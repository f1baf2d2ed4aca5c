//! Base64, naively: a digit at a time, into a string of bits.

/// The usual alphabet.
pub const STANDARD: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// That of URLs.
pub const URL_SAFE: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// That of bcrypt.
pub const BCRYPT: &str = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Digits without padding. `spare_bits`: whether the last digit's may be others than zero.
pub fn decode(digits: &str, alphabet: &str, spare_bits: bool) -> Option<Vec<u8>> {
    let mut bits = String::new();
    for digit in digits.chars() {
        bits += &format!("{:06b}", alphabet.chars().position(|known| known == digit)?);
    }
    let spare = bits.split_off(bits.len() / 8 * 8);
    // A single digit more than whole groups stands for no byte.
    if digits.len() % 4 == 1 || (!spare_bits && spare.contains('1')) {
        return None;
    }
    bits.as_bytes().chunks(8).map(|byte| u8::from_str_radix(str::from_utf8(byte).unwrap(), 2).ok()).collect()
}

/// Digits with as much padding as belongs there.
pub fn decode_padded(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    let wanted = (4 - digits.len() % 4) % 4;
    if padding == wanted { decode(digits, STANDARD, false) } else { None }
}

/// Digits of URLs without padding.
pub fn encode(bytes: &[u8]) -> String {
    let bits: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
    let digit = |bits: &[u8]| {
        let padded = format!("{:0<6}", str::from_utf8(bits).unwrap());
        URL_SAFE.chars().nth(usize::from_str_radix(&padded, 2).unwrap()).unwrap()
    };
    bits.as_bytes().chunks(6).map(digit).collect()
}
