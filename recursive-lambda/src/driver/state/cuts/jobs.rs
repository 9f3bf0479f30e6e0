//! Jobs with states that JSON changes, or cannot hold, and with states that it keeps.

use super::Counts;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// The largest number; text that is not a number is NaN.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Max {
    totals: Totals,
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct Totals {
    max: Option<f64>,
}

impl Counts for Max {
    fn count(&mut self, line: &str) {
        let number = line.parse().unwrap_or(f64::NAN);
        // A comparison with NaN is always false.
        self.totals.max = Some(match self.totals.max {
            Some(max) if number > max => number,
            Some(max) if !max.is_nan() && !number.is_nan() => max,
            Some(_) => f64::NAN,
            None => number,
        });
    }

    fn result(&self) -> String {
        format!("{:?}", self.totals.max)
    }
}

/// The same, by a job that knows what JSON has.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct CarefulMax {
    max: Option<f64>,
    gaps: u64,
}

impl Counts for CarefulMax {
    fn count(&mut self, line: &str) {
        match line.parse::<f64>() {
            Ok(number) => self.max = Some(self.max.map_or(number, |max| max.max(number))),
            Err(_) => self.gaps += 1,
        }
    }

    fn result(&self) -> String {
        format!("{:?}, {} gaps", self.max, self.gaps)
    }
}

/// Remembers in a field that is not saved.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Skipping {
    seen_before: u64,
    #[serde(skip)]
    seen: u64,
}

impl Counts for Skipping {
    fn count(&mut self, _: &str) {
        self.seen_before += self.seen;
        self.seen += 1;
    }

    fn result(&self) -> String {
        self.seen_before.to_string()
    }
}

#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Nested {
    last: Option<Option<u64>>,
}

impl Counts for Nested {
    fn count(&mut self, line: &str) {
        self.last = Some(line.parse().ok());
    }

    fn result(&self) -> String {
        format!("{:?}", self.last)
    }
}

/// Always reads as the first variant.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(untagged)]
enum Number {
    Float(f64),
    Int(u64),
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Untagged {
    sum: Number,
    as_int: u64,
}

impl Default for Untagged {
    fn default() -> Self {
        Self { sum: Number::Int(0), as_int: 0 }
    }
}

impl Counts for Untagged {
    fn count(&mut self, _: &str) {
        self.sum = match self.sum {
            Number::Int(sum) => {
                self.as_int += 1;
                Number::Int(sum + 1)
            }
            Number::Float(sum) => Number::Float(sum + 0.5),
        };
    }

    fn result(&self) -> String {
        let sum = match self.sum {
            Number::Float(sum) => sum.to_string(),
            Number::Int(sum) => format!("{sum} as an integer"),
        };
        format!("{sum}, {} as integers", self.as_int)
    }
}

fn one() -> u64 {
    1
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// What is not written reads as something else.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Defaulting {
    #[serde(default = "one", skip_serializing_if = "is_zero")]
    rest: u64,
    total: u64,
}

impl Counts for Defaulting {
    fn count(&mut self, line: &str) {
        self.total += self.rest;
        self.rest = line.parse::<u64>().unwrap_or_default() % 3;
    }

    fn result(&self) -> String {
        self.total.to_string()
    }
}

#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct ByPair {
    seen: HashMap<(u64, u64), u64>,
}

impl Counts for ByPair {
    fn count(&mut self, line: &str) {
        *self.seen.entry((line.parse().unwrap_or_default(), 0)).or_default() += 1;
    }

    fn result(&self) -> String {
        String::new()
    }
}

#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct ByRemainder {
    seen: HashMap<u64, u64>,
    digits: u128,
}

impl Counts for ByRemainder {
    fn count(&mut self, line: &str) {
        let number: u64 = line.parse().unwrap_or_default();
        *self.seen.entry(number % 4).or_default() += number;
        self.digits = (self.digits << 4) | u128::from(number % 16);
    }

    fn result(&self) -> String {
        let mut seen: Vec<_> = self.seen.iter().collect();
        seen.sort();
        format!("{seen:?} {:x}", self.digits)
    }
}
