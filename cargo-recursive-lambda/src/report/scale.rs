//! The time axis: where a moment is, which moments get a label, and how times are written. Draws nothing.

use std::time::Duration;

/// Maps the run's time to the width of the page, in percent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    from: Duration,
    length: Duration,
}

/// The steps between two labels, in milliseconds.
const STEPS: [u64; 24] = [
    1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000,
    1_800_000, 3_600_000, 7_200_000, 21_600_000, 43_200_000,
];
const DAY: u64 = 86_400_000;

impl Scale {
    /// Of a run that has taken no time, everything is at the start.
    pub(crate) fn new((from, to): (Duration, Duration)) -> Self {
        Self { from, length: to.saturating_sub(from) }
    }

    pub(crate) fn length(self) -> Duration {
        self.length
    }

    /// The time since the start of the run.
    pub(crate) fn since(self, at: Duration) -> Duration {
        at.saturating_sub(self.from)
    }

    /// From 0 to 100.
    pub(crate) fn x(self, at: Duration) -> f64 {
        let length = self.length.as_secs_f64();
        if length > 0.0 { (self.since(at).as_secs_f64() / length * 100.0).min(100.0) } else { 0.0 }
    }

    /// The labelled moments, at most `most` and the one at the start: the place in percent, and the label.
    pub(crate) fn ticks(self, most: u64) -> Vec<(f64, String)> {
        let length = u64::try_from(self.length.as_millis()).unwrap_or(u64::MAX);
        if length == 0 {
            return vec![(0.0, label(0, 1))];
        }
        let step = STEPS.into_iter().find(|step| length / step <= most);
        let step = step.unwrap_or_else(|| (length / DAY / most + 1).saturating_mul(DAY));
        (0..=length / step).map(|tick| ((tick * step) as f64 / length as f64 * 100.0, label(tick * step, step))).collect()
    }
}

/// The label of a moment on an axis with this step, both in milliseconds.
fn label(at: u64, step: u64) -> String {
    let seconds = at / 1_000;
    let units = [(seconds / 86_400, "d"), (seconds / 3_600 % 24, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    match at {
        0 => "0".into(),
        1..1_000 => format!("{at} ms"),
        _ if step < 1_000 => {
            let digits = if step < 10 {
                3
            } else if step < 100 {
                2
            } else {
                1
            };
            format!("{:.digits$} s", at as f64 / 1e3)
        }
        1_000..60_000 => format!("{seconds} s"),
        _ => units
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, unit)| format!("{count}{unit}"))
            .collect::<Vec<_>>()
            .join(" "),
    }
}

/// A time for a person: the two largest units.
pub(crate) fn time(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0 if time.as_millis() < 1_000 => format!("{} ms", time.as_millis()),
        0..60 => format!("{:.1} s", time.as_secs_f64()),
        60..3_600 => format!("{}m {}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h {}m", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{}d {}h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}
