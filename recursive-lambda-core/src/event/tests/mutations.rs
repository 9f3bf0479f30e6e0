//! Damaged documents: no panic, and everything that is understood is within its limits.

use super::*;

/// SplitMix64: the same numbers from the same seed, everywhere.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % bound as u64).unwrap()
    }
}

const CASES: usize = 200_000;

/// Bytes that matter to JSON, to form encoding or to UTF-8.
const TELLING: &[u8] = b"\"\\{}[]:,%+/ 0-29.e\x00\x1b\n\xc3\xff\xed";

fn damage(bytes: &mut Vec<u8>, random: &mut Random) {
    if bytes.is_empty() {
        return;
    }
    let at = random.below(bytes.len());
    let telling = TELLING[random.below(TELLING.len())];
    match random.below(6) {
        0 => bytes[at] ^= 1 << random.below(8),
        1 => bytes[at] = telling,
        2 => bytes.insert(at, telling),
        3 => drop(bytes.remove(at)),
        4 => {
            let end = (at + 1 + random.below(40)).min(bytes.len());
            bytes.drain(at..end);
        }
        _ => {
            let end = (at + 1 + random.below(40)).min(bytes.len());
            let copy = bytes[at..end].to_vec();
            let to = random.below(bytes.len());
            bytes.splice(to..to, copy);
        }
    }
}

fn check(delivery: &Delivery) {
    for item in &delivery.items {
        let named = matches!(delivery.channel, Channel::Sqs { .. } | Channel::BatchOperations { .. });
        assert_eq!(item.message_id.is_some(), named, "{item:?}");
        match &item.trigger {
            Ok(Request::Start(start)) => {
                assert!((3..=255).contains(&start.bucket.len()) && start.bucket.is_ascii(), "{start:?}");
                assert!((1..=1024).contains(&start.key.len()), "{start:?}");
                let tokens = [&start.region, &start.version, &start.etag, &start.sequencer, &start.name];
                for token in tokens.into_iter().flatten() {
                    assert!(token.bytes().all(|byte| byte.is_ascii_graphic()), "{start:?}");
                }
            }
            Ok(Request::Signal(signal)) => {
                assert!(Signal { carried: None, ..signal_of(signal) }.to_json().len() <= 400, "{signal:?}");
            }
            Ok(Request::Command { run, command }) => {
                assert!((1..=64).contains(&run.len()) && run.is_ascii(), "{run:?}");
                let notes = [&command.by, &command.reason].into_iter().flatten();
                notes.for_each(|note| assert!((1..=1_000).contains(&note.len()) && !note.contains(char::is_control), "{note:?}"));
            }
            Ok(Request::Sweep | Request::Nothing(_)) => {}
            Err(error) => check_error(error),
        }
    }
    let outcomes = delivery.items.iter().map(|item| (item.message_id.as_deref(), item.trigger.is_err()));
    assert_eq!(delivery.channel.respond(outcomes).is_null(), !matches!(delivery.channel, Channel::Sqs { .. }));
}

fn signal_of(signal: &Signal) -> Signal {
    let Signal { job, run, seq, token, swept, position, carried } = signal;
    let [job, run, token] = [job, run, token].map(String::clone);
    Signal { job, run, seq: *seq, token, swept: *swept, position: *position, carried: carried.clone() }
}

fn check_error(error: &Error) {
    let text = error.to_string();
    assert_eq!(error.kind(), crate::ErrorKind::UnknownEvent);
    assert!(text.len() < 4_000 && !text.chars().any(char::is_control), "{text:?}");
}

#[test]
fn damaged_documents_never_panic() {
    let mut documents: Vec<Vec<u8>> = DOCUMENTS
        .iter()
        .map(|(_, text)| serde_json::from_str::<Value>(text).unwrap().to_string().into_bytes())
        .filter(|bytes| bytes.len() < 2_000)
        .collect();
    let signal =
        json!({ "recursive_lambda": { "v": 1, "job": "import", "run": "9f", "seq": 57, "token": "ab.1" }, "position": 22_800 });
    let signal = signal.to_string();
    let resume = json!({ "recursive_lambda_resume": { "v": 1, "run": "9f" } });
    documents.extend([
        signal.clone().into_bytes(),
        sqs(&signal.into()).to_string().into_bytes(),
        manual("a b").to_string().into_bytes(),
        sweep().to_string().into_bytes(),
        resume.to_string().into_bytes(),
        call("a b").to_string().into_bytes(),
        tasks("a+b%2Bc").to_string().into_bytes(),
        failed(&failed(&s3("a+b%2Bc"))).to_string().into_bytes(),
        json!([bridge("a b"), s3("c")]).to_string().into_bytes(),
    ]);
    documents.push(sqs(&envelope(&s3("a+b%2Bc"))).to_string().into_bytes());
    let mut random = Random(1);
    let (mut understood, mut refused_in_part, mut refused) = (0, 0, 0);
    for case in 0..CASES {
        let mut bytes = documents[case % documents.len()].clone();
        for _ in 0..=random.below(3) {
            damage(&mut bytes, &mut random);
        }
        match parse(&bytes) {
            Ok(delivery) => {
                check(&delivery);
                let failed = delivery.items.iter().any(|item| item.trigger.is_err());
                *(if failed { &mut refused_in_part } else { &mut understood }) += 1;
            }
            Err(error) => {
                check_error(&error);
                refused += 1;
            }
        }
    }
    let least = [understood, refused_in_part, refused].into_iter().min().unwrap();
    assert!(least > CASES / 20, "each outcome must be met often: {understood} {refused_in_part} {refused}");
}
