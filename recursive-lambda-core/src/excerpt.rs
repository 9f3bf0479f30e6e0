//! Foreign text in messages: short, on one line, without characters that a terminal or a log would obey.
//!
//! It never shows a whole record: a value is cut to 64 characters.

/// How many characters of a value a message shows.
const SHOWN: usize = 64;
/// How many characters of another library's message are kept at its start and at its end. The start says what was found, the end
/// what was expected, with a value of any length in between.
const KEPT: usize = 96;

/// Text, cut after `most` characters, with escapes for what a log or a terminal would obey.
#[must_use]
pub fn short(text: &str, most: usize) -> String {
    let mut shown: String = text.chars().take(most).map(visible).collect();
    if text.chars().nth(most).is_some() {
        shown.push('…');
    }
    shown
}

/// A value or a name from the object, in quotes.
#[must_use]
pub fn quoted(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes.get(..=SHOWN * 4).unwrap_or(bytes));
    let mut shown: String = text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    format!("\"{shown}\"")
}

/// The first bytes of something that may not be text, in quotes.
#[must_use]
pub fn bytes(bytes: &[u8]) -> String {
    match bytes.get(..16) {
        Some(first) if first.len() < bytes.len() => format!("\"{}…\"", first.escape_ascii()),
        _ => format!("\"{}\"", bytes.escape_ascii()),
    }
}

/// The message of a library that may quote the whole record.
#[must_use]
pub fn message(text: &str) -> String {
    let length = text.chars().count();
    if length <= 2 * KEPT {
        return text.chars().map(visible).collect();
    }
    let start = text.chars().take(KEPT).map(visible);
    let end = text.chars().skip(length - KEPT).map(visible);
    start.chain([String::from("…")]).chain(end).collect()
}

fn visible(character: char) -> String {
    match character {
        '"' | '\'' | '\\' => character.to_string(),
        _ => character.escape_debug().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_quoted_escaped_and_cut() {
        let long = "x".repeat(300);
        let cases: [(&[u8], String); 6] = [
            (b"12,5", r#""12,5""#.into()),
            (b"a\"b\n\x1b[31m", r#""a\"b\n\u{1b}[31m""#.into()),
            (b"\xff", "\"\u{fffd}\"".into()),
            (long.as_bytes(), format!("\"{}…\"", "x".repeat(64))),
            ("é".repeat(64).leak().as_bytes(), format!("\"{}\"", "é".repeat(64))),
            ("𝄞".repeat(65).leak().as_bytes(), format!("\"{}…\"", "𝄞".repeat(64))),
        ];
        for (value, shown) in cases {
            assert_eq!(quoted(value), shown);
        }
    }

    #[test]
    fn text_is_escaped_and_cut() {
        let cases = [
            ("no \"s3:GetObject\"", "no \"s3:GetObject\"".to_string()),
            ("a\nb\u{1b}[31m", "a\\nb\\u{1b}[31m".into()),
            (&"x".repeat(301), "x".repeat(300) + "…"),
        ];
        for (text, shown) in cases {
            assert_eq!(short(text, 300), shown);
        }
    }

    #[test]
    fn a_message_keeps_start_and_end() {
        assert_eq!(message("unknown variant `x\u{202e}`, expected \"a\""), "unknown variant `x\\u{202e}`, expected \"a\"");
        let long = message(&format!("invalid type: string \"{}\", expected u64", "y".repeat(5_000)));
        assert!(long.starts_with("invalid type: string \"yyy") && long.ends_with("\", expected u64"), "{long}");
        assert_eq!(long.chars().count(), 2 * KEPT + 1);
    }
}
