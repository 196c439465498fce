//! Recovery codes: on paper, for the day on which the authenticator is lost. Each opens once.
//!
//! 120 random bits need no slow hash, and no limit could be too generous for them.

use sha2::{Digest, Sha256};

use crate::storage::{Result, StorageError};

/// How many are drawn at once; new ones replace the old.
pub const CODES: usize = 10;
/// 24 characters of 5 bits, in six groups.
const CHARS: usize = 24;
const GROUP: usize = 4;
/// Without i, l, o and u, which are misread for 1, 0 and v.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Draws codes as people write them down: `7f3k-…`.
pub fn draw() -> Result<Vec<String>> {
    (0..CODES).map(|_| draw_one()).collect()
}

fn draw_one() -> Result<String> {
    let mut bytes = [0u8; CHARS];
    getrandom::fill(&mut bytes).map_err(|error| StorageError::Broken(format!("no random numbers: {error}")))?;
    // 256 is a multiple of 32, so each character is as likely.
    let chars: Vec<char> = bytes.iter().map(|byte| ALPHABET[usize::from(byte % 32)] as char).collect();
    Ok(chars.chunks(GROUP).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-"))
}

/// What is stored of a code, however it was typed; none when it was never one.
pub fn stored(typed: &str) -> Option<String> {
    let plain: Option<String> = typed
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '–' | '—'))
        .map(|c| match c.to_ascii_lowercase() {
            'o' => Some('0'),
            'i' | 'l' => Some('1'),
            c => u8::try_from(c).ok().filter(|byte| ALPHABET.contains(byte)).map(char::from),
        })
        .collect();
    let plain = plain.filter(|plain| plain.len() == CHARS)?;
    Some(Sha256::digest(plain.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_codes_are_drawn_and_read_as_people_type_them() {
        let codes = draw().expect("random numbers");
        let stored_ones: std::collections::BTreeSet<_> = codes.iter().filter_map(|code| stored(code)).collect();
        assert_eq!((codes.len(), stored_ones.len()), (CODES, CODES));
        let code = &codes[0];
        assert_eq!(code.len(), 29, "{code}");
        let typed = format!(" {} ", code.to_uppercase().replace('-', " ").replace('0', "O").replace('1', "l"));
        assert_eq!(stored(&typed), stored(code));
        assert!(!stored(code).unwrap_or_default().contains(&code.replace('-', "")));
    }

    #[test]
    fn other_text_is_no_code() {
        for text in ["", "123456", "7f3k", "7f3k-7f3k-7f3k-7f3k-7f3k-7f3u", "杯"] {
            assert_eq!(stored(text), None, "{text}");
        }
    }
}
