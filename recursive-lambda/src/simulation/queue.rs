//! Lambda around the function: its asynchronous queue with delays, duplicates, retries and dead letters; SQS; deadlines.

use super::environment::{Environment, SILENCE};
use super::executor::{Group, WORLD};
use super::faults::{Fault, Moment};
use super::function::{Request, invoked};
use super::world::{Source, World};
use crate::invocation::Invocation;
use crate::ports::Signals;
use recursive_lambda_core::engine::messages::Signalled;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;

/// After this age an event is no longer delivered.
const OLDEST: Duration = Duration::from_secs(6 * 3600);

/// The largest possible signal, in bytes.
const LARGEST_SIGNAL: usize = 400;

/// How many times SQS delivers a message before it becomes a dead letter, and the time between deliveries.
const SQS_DELIVERIES: u32 = 5;

/// One event on its way, and its duplicates.
struct Event {
    request: String,
    payload: String,
    source: Source,
    /// One of them was acknowledged.
    acknowledged: AtomicBool,
}

impl World {
    /// An event is accepted: it will be delivered at least once.
    pub(super) fn accept(self: &Arc<Self>, source: Source, payload: String) {
        let (request, copies, delays) = self.with(|state| {
            state.requests += 1;
            if state.faults.loses_first(&payload) || state.strikes(WORLD, Fault::EventLost) {
                state.note(WORLD, format_args!("lost: {payload}"));
                return (String::new(), 0, Vec::new());
            }
            let mut delays = vec![Duration::ZERO];
            let (copies, latest) = self.options.duplicates;
            delays.extend((0..copies).map(|_| state.chance.millis(0, latest.as_millis() as u64)));
            if state.strikes(WORLD, Fault::EventTwice) {
                let copies = state.chance.between(1, 4);
                delays.extend((0..copies).map(|_| state.chance.millis(0, 120_000)));
            }
            if state.strikes(WORLD, Fault::DuplicateInDays) {
                delays.push(state.chance.millis(3_600_000, 14 * 86_400_000));
            }
            state.duplicates += delays.len() as u64 - 1;
            (format!("r{}", state.requests), delays.len(), delays)
        });
        let event = Arc::new(Event { request, payload, source, acknowledged: AtomicBool::new(false) });
        for delay in delays.into_iter().take(copies) {
            let (world, event) = (Arc::clone(self), Arc::clone(&event));
            self.spawn(async move {
                world.sleep(delay).await;
                world.deliver(&event).await;
            });
        }
    }

    /// Delivers an event until it is acknowledged or becomes a dead letter.
    async fn deliver(self: &Arc<Self>, event: &Event) {
        let mut attempts = 0;
        let accepted = self.now();
        loop {
            let (delay, throttled) = self.with(|state| {
                let late = state.strikes(WORLD, Fault::EventLate);
                let (least, most) = self.options.queue_ms;
                let delay = if late { state.chance.millis(1_000, 300_000) } else { state.chance.millis(least, most) };
                (delay, state.strikes(WORLD, Fault::EventThrottled))
            });
            self.sleep(delay).await;
            if event.acknowledged.load(Ordering::Relaxed) && self.options.one_acknowledgement_for_all {
                return;
            }
            if throttled && self.now() - accepted < OLDEST {
                let backoff = self.with(|state| state.chance.millis(1_000, 300_000));
                self.sleep(backoff).await;
                continue;
            }
            let done = self.invoke(&event.request, &event.payload).await.is_some_and(|reply| !reports_failure(&reply));
            if done && !self.strikes(WORLD, Fault::ReplyIgnored) {
                event.acknowledged.store(true, Ordering::Relaxed);
                return;
            }
            attempts += 1;
            let again = match event.source {
                Source::Lambda if attempts <= 2 => Duration::from_secs(60 * u64::from(attempts)),
                Source::Sqs if attempts < SQS_DELIVERIES => 6 * self.options.timeout,
                _ => break,
            };
            self.sleep(again).await;
        }
        self.with(|state| {
            state.note(WORLD, format_args!("dead letter {} of {}", event.payload, event.request));
            state.dead_letters.push((event.payload.clone(), event.source));
        });
    }

    /// Runs the function once; `None`: it failed, or died.
    async fn invoke(self: &Arc<Self>, request: &str, payload: &str) -> Option<Value> {
        let timeout = self.options.timeout;
        let (group, left, skew, dies) = self.with(|state| {
            state.invocations += 1;
            state.peak = state.peak.max(self.executor().load());
            let group = Group(state.invocations);
            state.note(group, format_args!("invoked for {request}: {payload}"));
            let left = if state.strikes(group, Fault::UnknownDeadline) {
                None
            } else if state.strikes(group, Fault::WrongDeadline) {
                Some(timeout.mul_f64(state.chance.between(70, 130) as f64 / 100.0))
            } else {
                Some(timeout)
            };
            if let Some(left) = left {
                let deadline = state.now + left;
                state.checks.told(group, deadline);
            }
            let skewed = state.strikes(group, Fault::WrongWallClock);
            let skew = if skewed { state.chance.between(0, 172_800) as i64 - 86_400 } else { 0 };
            let dies = state.strikes(group, Fault::CrashSometime);
            (group, left, skew, dies.then(|| state.chance.millis(0, timeout.as_millis() as u64)))
        });
        let environment = Environment { world: Arc::clone(self), group, skew, deadline: left.map(|left| self.now() + left) };
        let (answered, answer) = oneshot::channel();
        let request = Request { id: request.into(), payload: payload.into(), left };
        self.executor().spawn(group, async move {
            // No task waits any more: the invocation was given up in this very instant.
            let _ = answered.send(invoked(environment, request).await);
        });
        let end = dies.unwrap_or(timeout).min(timeout);
        let outcome = tokio::select! {
            biased;
            outcome = answer => outcome.ok(),
            () = self.sleep(end) => {
                self.note(group, format_args!("killed after {end:?}"));
                None
            }
        };
        if outcome.is_some() && self.executor().alive(group) > 0 {
            self.with(|state| state.wrong(group, "a task still runs when the event is answered".into()));
        }
        self.executor().kill(group);
        self.with(|state| {
            state.unnoticed.remove(&group);
            if state.keeps_nothing() {
                // A late write may still follow.
                state.checks.forget(group);
            }
        });
        outcome?.ok()
    }
}

/// SQS deletes a message unless the answer names it.
fn reports_failure(reply: &Value) -> bool {
    reply.get("batchItemFailures").and_then(Value::as_array).is_some_and(|failures| !failures.is_empty())
}

impl Signals for Environment {
    async fn signal(&self, _: &Invocation, payload: String) -> (Signalled, Option<String>) {
        let (world, group) = (&self.world, self.group);
        let moment = self.begin("signal").await;
        if payload.len() > LARGEST_SIGNAL {
            world.with(|state| state.wrong(group, format!("a signal of {} bytes", payload.len())));
        }
        let silence = |why: &str| (Signalled::Silence, Some(why.to_string()));
        self.latency(Fault::WriteSlow).await;
        if world.strikes(group, Fault::SignalRefused) {
            return (Signalled::Refused, Some("403".into()));
        }
        if moment == Some(Moment::NotApplied) || world.strikes(group, Fault::SignalThrottled) {
            return silence("429");
        }
        world.accept(Source::Lambda, payload.clone());
        if world.strikes(group, Fault::SignalTwice) {
            world.with(|state| state.duplicates += 1);
            world.accept(Source::Lambda, payload);
        }
        self.die_if(moment, Moment::Applied).await;
        if moment == Some(Moment::ReplyLost) || world.strikes(group, Fault::SignalReplyLost) {
            world.with(|state| state.duplicates += 1);
            world.sleep(SILENCE).await;
            return silence("silence");
        }
        self.latency(Fault::WriteSlow).await;
        self.die_if(moment, Moment::After).await;
        (Signalled::Accepted, None)
    }
}
