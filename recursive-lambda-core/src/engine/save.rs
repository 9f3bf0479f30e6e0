//! One conditional write of the checkpoint, brought to a certain end: applied, lost, or known to be unknown.
//!
//! A store answers late, twice or not at all, and a retry can be refused because the first try was applied. So after anything but
//! a plain success the checkpoint is read back and its nonce compared, before the write counts as won. Reference:
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>.

use crate::checkpoint::{Checkpoint, Unreadable};
use std::time::Duration;

/// How many times a write is tried.
const TRIES: u32 = 4;

/// A checkpoint as the store holds it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Stored {
    pub checkpoint: Checkpoint,
    pub etag: String,
    /// The time since the checkpoint was written, by the store's clock alone.
    pub age: Duration,
}

/// The result of reading the checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Read {
    Found(Box<Stored>),
    Absent,
    Unreadable(Unreadable),
    /// No answer, or an answer that says nothing about the checkpoint: the reason, for people.
    Failed(String),
}

/// The store's answer to a conditional write.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Written {
    Applied {
        etag: String,
    },
    /// 412, 409, or 404 to a swap: another writer was faster, perhaps an earlier try of this one.
    Conflict,
    /// No answer, or an internal error of the store: the write may be applied, now or later.
    Unknown(String),
    /// The store refuses: no permission, no such bucket.
    Refused(String),
}

/// How a write ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Saved {
    Applied { etag: String },
    Lost(Box<Stored>),
    Gone,
    Unreadable(Unreadable),
    Unknown(String),
    Refused(String),
}

/// What to do next about a write.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    Write { condition: Condition },
    Read,
    Sleep(Duration),
    End(Saved),
}

/// The condition under which the store applies a write.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Condition {
    /// There is no checkpoint yet: `If-None-Match: *`.
    Absent,
    /// The checkpoint still has this ETag: `If-Match`.
    Matches(String),
}

/// A write in progress.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Save {
    condition: Condition,
    nonce: String,
    tries: u32,
    last_trouble: String,
}

impl Save {
    #[must_use]
    pub fn new(condition: Condition, nonce: String) -> Self {
        Self { condition, nonce, tries: 0, last_trouble: String::new() }
    }

    pub fn first(&mut self) -> Step {
        self.tries += 1;
        Step::Write { condition: self.condition.clone() }
    }

    pub fn written(&mut self, written: Written) -> Step {
        match written {
            Written::Applied { etag } => Step::End(Saved::Applied { etag }),
            Written::Refused(why) => Step::End(Saved::Refused(why)),
            Written::Conflict => Step::Read,
            Written::Unknown(why) => {
                self.last_trouble = why;
                Step::Read
            }
        }
    }

    /// `is_mine`: whether this invocation wrote that nonce since it acquired the run.
    pub fn read(&mut self, read: Read, is_mine: impl FnOnce(&str) -> bool) -> Step {
        match read {
            Read::Found(stored) if stored.checkpoint.w == self.nonce => Step::End(Saved::Applied { etag: stored.etag }),
            // An earlier write of this invocation that was thought lost, or the checkpoint this write replaces: not applied yet.
            Read::Found(stored) if self.goes_out_from(&stored.etag) || is_mine(&stored.checkpoint.w) => {
                self.condition = Condition::Matches(stored.etag);
                self.again()
            }
            Read::Found(stored) => Step::End(Saved::Lost(stored)),
            Read::Absent if self.condition == Condition::Absent => self.again(),
            Read::Absent => Step::End(Saved::Gone),
            Read::Unreadable(why) => Step::End(Saved::Unreadable(why)),
            Read::Failed(why) => {
                self.last_trouble = why;
                self.again()
            }
        }
    }

    pub fn slept(&mut self) -> Step {
        self.first()
    }

    fn goes_out_from(&self, etag: &str) -> bool {
        matches!(&self.condition, Condition::Matches(base) if base == etag)
    }

    fn again(&self) -> Step {
        if self.tries >= TRIES {
            Step::End(Saved::Unknown(self.last_trouble.clone()))
        } else {
            Step::Sleep(Duration::from_millis(50 << (2 * self.tries.min(4))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::tests::fresh;

    fn stored(w: &str, etag: &str) -> Read {
        Read::Found(Box::new(Stored {
            checkpoint: Checkpoint { w: w.into(), ..fresh() },
            etag: etag.into(),
            age: Duration::ZERO,
        }))
    }

    fn applied(etag: &str) -> Written {
        Written::Applied { etag: etag.into() }
    }

    fn unknown() -> Written {
        Written::Unknown("silence".into())
    }

    /// The store's answers, in turn, and the end: `W` is the answer to a write, `R` to a read.
    enum Answer {
        W(Written),
        R(Read),
    }
    use Answer::{R, W};

    fn outcome(create: bool, answers: Vec<Answer>) -> String {
        let condition = if create { Condition::Absent } else { Condition::Matches("e0".into()) };
        let mut save = Save::new(condition, "me.2".into());
        let mut step = save.first();
        let mut answers = answers.into_iter();
        loop {
            step = match step {
                Step::End(Saved::Applied { etag }) => return format!("applied {etag}"),
                Step::End(Saved::Lost(stored)) => return format!("lost to {}", stored.checkpoint.w),
                Step::End(other) => return format!("{other:?}"),
                Step::Sleep(_) => save.slept(),
                Step::Write { .. } => match answers.next() {
                    Some(W(written)) => save.written(written),
                    _ => return "asks to write".into(),
                },
                Step::Read => match answers.next() {
                    Some(R(read)) => save.read(read, |w| w == "me.1"),
                    _ => return "asks to read".into(),
                },
            };
        }
    }

    #[test]
    fn a_write_wins_only_by_its_nonce() {
        let failed = || R(Read::Failed("503".into()));
        let cases: Vec<(&str, bool, Vec<Answer>, &str)> = vec![
            ("plain success", false, vec![W(applied("e1"))], "applied e1"),
            ("412 on one's own write", false, vec![W(Written::Conflict), R(stored("me.2", "e1"))], "applied e1"),
            ("applied, response lost", false, vec![W(unknown()), R(stored("me.2", "e1"))], "applied e1"),
            ("somebody else's", false, vec![W(Written::Conflict), R(stored("you.1", "e1"))], "lost to you.1"),
            ("not applied", false, vec![W(unknown()), R(stored("base", "e0")), W(applied("e1"))], "applied e1"),
            (
                "an earlier own write came through late",
                false,
                vec![W(Written::Conflict), R(stored("me.1", "e9")), W(applied("e2"))],
                "applied e2",
            ),
            ("gone", false, vec![W(Written::Conflict), R(Read::Absent)], "Gone"),
            ("create: not applied", true, vec![W(unknown()), R(Read::Absent), W(applied("e1"))], "applied e1"),
            ("create: somebody else's", true, vec![W(Written::Conflict), R(stored("you.1", "e1"))], "lost to you.1"),
            ("refused", true, vec![W(Written::Refused("403".into()))], "Refused(\"403\")"),
            (
                "read-back fails once",
                false,
                vec![W(unknown()), failed(), W(Written::Conflict), R(stored("me.2", "e1"))],
                "applied e1",
            ),
            (
                "never applied",
                false,
                vec![
                    W(unknown()),
                    R(stored("base", "e0")),
                    W(unknown()),
                    R(stored("base", "e0")),
                    W(unknown()),
                    R(stored("base", "e0")),
                    W(unknown()),
                    R(stored("base", "e0")),
                ],
                "Unknown(\"silence\")",
            ),
            (
                "silence for ever",
                false,
                vec![W(unknown()), failed(), W(unknown()), failed(), W(unknown()), failed(), W(unknown()), failed()],
                "Unknown(\"503\")",
            ),
        ];
        for (name, create, answers, want) in cases {
            assert_eq!(outcome(create, answers), want, "{name}");
        }
    }
    #[test]
    fn a_write_replaces_what_was_read_last() {
        let mut save = Save::new(Condition::Matches("e0".into()), "me.2".into());
        save.first();
        for etag in ["e0", "e9"] {
            assert!(matches!(save.read(stored("me.1", etag), |w| w == "me.1"), Step::Sleep(_)));
            assert_eq!(save.slept(), Step::Write { condition: Condition::Matches(etag.into()) });
        }
    }

    #[test]
    fn pauses_grow_while_the_store_is_silent() {
        let mut save = Save::new(Condition::Absent, "me.1".into());
        save.first();
        let pauses = std::iter::from_fn(|| match save.read(Read::Absent, |_| false) {
            Step::Sleep(pause) => {
                save.slept();
                Some(pause.as_millis())
            }
            _ => None,
        });
        assert_eq!(pauses.take(10).collect::<Vec<_>>(), [200, 800, 3_200]);
    }
}
