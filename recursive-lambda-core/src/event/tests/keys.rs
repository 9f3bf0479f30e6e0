//! Keys, on every channel.

use super::*;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What S3 leaves as it is.
const LIKE_S3: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'*');

fn form_encoded(key: &str, set: &'static AsciiSet) -> String {
    utf8_percent_encode(key, set).to_string().replace("%20", "+")
}

/// An event of each channel for the key, encoded as that channel does.
fn on_every_channel(key: &str) -> Vec<Value> {
    let mut events = Vec::new();
    for set in [LIKE_S3, NON_ALPHANUMERIC] {
        let event = s3(&form_encoded(key, set));
        events.extend([sns(&event), sqs(&event), sqs(&envelope(&event)), failed(&event), event]);
        events.push(tasks(&form_encoded(key, set)));
    }
    for event in [bridge(key), call(key)] {
        events.extend([sqs(&event), json!([event]), event]);
    }
    events.extend([detail(key), manual(key)]);
    events
}

fn detail(key: &str) -> Value {
    json!({ "bucket": { "name": "bkt" }, "object": { "key": key }, "reason": "PutObject" })
}

fn key_of(event: &Value) -> String {
    let mut items = parse(event.to_string().as_bytes()).unwrap().items;
    assert_eq!(items.len(), 1);
    match items.remove(0).trigger {
        Ok(Request::Start(start)) => start.key,
        other => panic!("{event}: {other:?}"),
    }
}

#[test]
fn keys_survive_every_channel() {
    let keys = [
        "plain.csv",
        "a b.csv",
        "a+b.csv",
        "a%2Bb.csv",
        "%2B++ %20.mp3",
        "100%.csv",
        "%",
        "%zz",
        "+",
        " a ",
        "dir/file",
        "/leading",
        "../../etc/passwd",
        "./x",
        "a//b",
        "trailing/",
        "\\windows\\",
        "q?a=b&c=d#e",
        "\"quoted\"",
        "it's",
        "<x>&amp;",
        "{\"a\":1}",
        "bücher/naïve.csv",
        "日本語.csv",
        "😀/👩‍👩‍👧.csv",
        "e\u{301}",
        "\u{feff}bom",
        "a\u{202e}b",
        "\0",
        "a\nb\r\t",
        "\u{1b}[31m",
        "\u{7f}\u{85}",
    ];
    for key in keys {
        for event in on_every_channel(key) {
            assert_eq!(key_of(&event), key, "{event}");
        }
    }
}

#[test]
fn each_channel_has_its_own_decoding() {
    let cases = [
        ("red+flower.jpg", "red flower.jpg", "red+flower.jpg"),
        ("a%2Bb", "a+b", "a%2Bb"),
        ("a%2bb", "a+b", "a%2bb"),
        ("a%252Bb", "a%2Bb", "a%252Bb"),
        ("%C3%BC", "ü", "%C3%BC"),
        ("ü", "ü", "ü"),
        ("d%2Fe", "d/e", "d%2Fe"),
    ];
    for (written, of_s3, raw) in cases {
        assert_eq!(key_of(&s3(written)), of_s3);
        assert_eq!(key_of(&sqs(&envelope(&s3(written)))), of_s3);
        assert_eq!(key_of(&bridge(written)), raw);
        assert_eq!(key_of(&sqs(&bridge(written))), raw);
        assert_eq!(key_of(&tasks(written)), of_s3);
        assert_eq!(key_of(&call(written)), raw);
        assert_eq!(key_of(&detail(written)), raw);
        assert_eq!(key_of(&manual(written)), raw);
    }
}

#[test]
fn any_text_survives_the_round_trip() {
    let mut random = mutations::Random(7);
    for _ in 0..4_000 {
        let length = 1 + random.below(40);
        // Half the characters from ASCII, where the special ones are; half from every plane.
        let any = |random: &mut mutations::Random| {
            let bound = if random.below(2) == 0 { 0x80 } else { 0x11_0000 };
            char::from_u32(u32::try_from(random.below(bound)).unwrap()).unwrap_or('%')
        };
        // White space alone is refused.
        let key: String = (0..length).map(|_| any(&mut random)).chain(['.']).collect();
        for event in on_every_channel(&key) {
            assert_eq!(key_of(&event), key, "{event}");
        }
    }
}
