//! The asynchronous queue. Each accepted event is a task that waits for its turn, invokes the function and retries. No caller waits for it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::recursion::LIMIT;
use super::{Event, Lambda};
use crate::concurrency::locked;
use crate::journal::{Reason, What};

/// The faults of the asynchronous queue. They can be set at the start or while the platform runs.
///
/// The platform's seeded generator decides every random fault, in the order in which events are accepted.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct QueueFaults {
    /// The probability, 0 to 1, that an event is delivered twice with the same request id.
    pub duplicate: f64,
    /// The probability, 0 to 1, that an event is never delivered.
    pub lose: f64,
    /// The maximum of the random delay before each delivery.
    pub delay: Duration,
    /// The number of next events that are certainly delivered twice.
    pub duplicate_next: u32,
    /// The number of next events that are certainly never delivered.
    pub lose_next: u32,
}

impl Lambda {
    /// Accepts an event for asynchronous invocation. `stopped_at` is the function's count in the chain of requests, if recursion detection
    /// must stop the event.
    pub(crate) fn accept(self: &Arc<Self>, event: Event, stopped_at: Option<u64>) {
        let request_id = || event.request_id.clone();
        self.journal.record(What::Accepted {
            request_id: request_id(),
            function_arn: event.function_arn.clone(),
            payload: event.payload.clone(),
            trace: event.trace.clone(),
            tenant_id: event.tenant_id.clone(),
        });
        if let Some(count) = stopped_at {
            self.journal.record(What::Dropped { request_id: request_id(), count });
            let message = format!("the function was invoked {LIMIT} times in one chain of requests");
            self.give_up(&event, Reason::RecursiveLoop, 0, Some(("RecursiveInvocationException".to_owned(), message)));
            return;
        }
        let (lose, copies) = self.choose_faults();
        if lose {
            self.journal.record(What::Lost { request_id: request_id() });
            return;
        }
        if copies.len() > 1 {
            self.journal.record(What::Duplicated { request_id: request_id() });
        }
        for delay in copies {
            let (lambda, event, pending) = (Arc::clone(self), event.clone(), self.pending());
            self.tasks.spawn(async move {
                tokio::time::sleep(delay).await;
                lambda.deliver(event).await;
                drop(pending);
            });
        }
    }

    /// Whether the event is lost, and the delay of each delivery.
    fn choose_faults(&self) -> (bool, Vec<Duration>) {
        let mut faults = locked(&self.queue_faults);
        let mut random = locked(&self.random);
        // Draws both numbers for every event, so that one fault does not shift the others.
        let (lose, duplicate) = (random.f64() < faults.lose, random.f64() < faults.duplicate);
        let lose = lose || take_one(&mut faults.lose_next);
        let duplicate = !lose && (take_one(&mut faults.duplicate_next) || duplicate);
        let copies = if duplicate { 2 } else { 1 };
        (lose, (0..copies).map(|_| faults.delay.mul_f64(random.f64())).collect())
    }

    async fn deliver(&self, event: Event) {
        let expires = Instant::now() + self.function.max_event_age;
        let mut attempt = 0;
        let mut error = None;
        loop {
            let Ok(permit) = tokio::time::timeout_at(expires, self.admit(&event.request_id)).await else {
                self.give_up(&event, Reason::TooOld, attempt, error);
                return;
            };
            let Some(permit) = permit else { return };
            attempt += 1;
            let outcome = self.attempt(&event, attempt, permit).await;
            error = outcome.error();
            if error.is_none() {
                return;
            }
            let retry = usize::try_from(attempt - 1).ok().and_then(|retry| self.function.retry_delays.get(retry));
            let Some(&delay) = retry else {
                self.give_up(&event, Reason::AttemptsExhausted, attempt, error);
                return;
            };
            if Instant::now() + delay > expires {
                self.give_up(&event, Reason::TooOld, attempt, error);
                return;
            }
            self.journal.record(What::Retried { request_id: event.request_id.clone(), attempt: attempt + 1, delay });
            tokio::time::sleep(delay).await;
        }
    }
}

fn take_one(left: &mut u32) -> bool {
    let any = *left > 0;
    *left = left.saturating_sub(1);
    any
}
