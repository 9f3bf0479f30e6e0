//! The form that a name from an event must have before it is used.
//!
//! Anyone who may invoke the function can forge an event, so each name is limited to what S3 and this crate give out. A region
//! becomes part of a host name, an ETag a header. The errors say what is wrong with a name and never repeat it.

use percent_encoding::percent_decode_str;

/// The maximum length of a job's name in bytes, so that a signal stays within 400 bytes.
pub(super) const MAX_JOB_NAME: usize = 128;

pub(super) type Checked = Result<String, &'static str>;

/// A bucket, or the ARN of an access point instead.
pub(super) fn bucket(text: String) -> Checked {
    let arn = text.starts_with("arn:");
    let allowed = |byte: u8| is_word(byte) || (arn && matches!(byte, b':' | b'/'));
    let valid = (3..=255).contains(&text.len()) && text.bytes().all(allowed);
    if valid { Ok(text) } else { Err("is not a bucket's name: 3 to 255 of A-Z a-z 0-9 . _ -, or an access point's ARN") }
}

/// A bucket that is named by its ARN. An access point keeps the ARN, because its name alone does not identify it.
pub(super) fn bucket_of_arn(text: String) -> Checked {
    match text.splitn(6, ':').nth(5) {
        Some(name) if text.starts_with("arn:") && !name.starts_with("accesspoint") => {
            bucket(name.strip_prefix("bucket/").unwrap_or(name).to_owned())
        }
        _ => bucket(text),
    }
}

pub(super) fn key(text: String) -> Checked {
    if !text.is_empty() && text.trim().is_empty() {
        return Err("is only white space, which the AWS SDK cannot request; the object needs another key");
    }
    if (1..=1024).contains(&text.len()) { Ok(text) } else { Err("is not a key: S3's have 1 to 1,024 bytes") }
}

/// A key as S3's own notifications write it: `+` is a space, `%2B` a plus.
pub(super) fn form_encoded_key(text: String) -> Checked {
    let spaced = text.replace('+', " ");
    let is_hex = |digits: &str| digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    if !spaced.split('%').skip(1).all(|after| after.get(..2).is_some_and(is_hex)) {
        return Err("is not a form-encoded key: a `%` lacks its two hexadecimal digits");
    }
    match percent_decode_str(&spaced).decode_utf8() {
        Ok(decoded) => key(decoded.into_owned()),
        Err(_) => Err("is not a form-encoded key: its bytes are not UTF-8"),
    }
}

/// A version, a sequencer, a message: opaque, and from AWS.
pub(super) fn token(text: String) -> Checked {
    let allowed = |byte: u8| byte.is_ascii_graphic() && byte != b'"';
    let valid = (1..=1024).contains(&text.len()) && text.bytes().all(allowed);
    if valid { Ok(text) } else { Err("is not an identifier as AWS gives them: 1 to 1,024 visible ASCII characters") }
}

/// The name of a signal, which this crate makes.
pub(super) fn signal_token(text: String) -> Checked {
    if text.len() <= 32 { token(text) } else { Err("is longer than a signal's token") }
}

pub(super) fn etag(text: String) -> Checked {
    let bare = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).map(str::to_owned);
    token(bare.unwrap_or(text))
}

pub(super) fn region(text: String) -> Checked {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if text.len() <= 63 && text.bytes().all(allowed) { Ok(text) } else { Err("is not a region's name") }
}

pub(super) fn run(text: String) -> Checked {
    let valid = (1..=64).contains(&text.len()) && text.bytes().all(is_word);
    if valid { Ok(text) } else { Err("is not a run's name: 1 to 64 of A-Z a-z 0-9 . _ -") }
}

/// What a person writes to other people.
pub(super) fn note(text: String) -> Checked {
    let valid = (1..=super::MAX_NOTE).contains(&text.len()) && !text.contains(char::is_control);
    if valid { Ok(text) } else { Err("is not a note: 1 to 1,000 bytes without control characters") }
}

/// A job has the name of a function, so the name may be in any script.
pub(super) fn job(text: String) -> Checked {
    let refused = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '/' | '\\' | '"');
    let valid = (1..=MAX_JOB_NAME).contains(&text.len()) && !text.contains(refused);
    if valid { Ok(text) } else { Err("is not a job's name") }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-')
}
