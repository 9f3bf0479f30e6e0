//! Calls of user code in flight: started in the order of their positions, and returned in that order.
//!
//! Only [`alongside`](Calls::alongside) and [`next`](Calls::next) poll them, so all waiting goes through these.

use futures_util::StreamExt;
use futures_util::future::{BoxFuture, Either, select};
use futures_util::stream::FuturesUnordered;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;

pub(super) struct Calls<'a, T> {
    flying: FuturesUnordered<BoxFuture<'a, (u64, T)>>,
    /// By number, not yet returned.
    landed: BTreeMap<u64, T>,
    begun: u64,
    given_out: u64,
}

impl<'a, T: Send + 'a> Calls<'a, T> {
    pub(super) fn new() -> Self {
        Self { flying: FuturesUnordered::new(), landed: BTreeMap::new(), begun: 0, given_out: 0 }
    }

    pub(super) fn begin(&mut self, call: impl Future<Output = T> + Send + 'a) {
        let number = self.begun;
        self.begun += 1;
        self.flying.push(Box::pin(async move { (number, call.await) }));
    }

    /// Started and not yet returned.
    pub(super) fn in_flight(&self) -> u64 {
        self.begun - self.given_out
    }

    pub(super) fn landed(&self) -> impl Iterator<Item = &T> {
        self.landed.values()
    }

    /// The first one, once it is done; `None` if nothing is in flight.
    pub(super) async fn next(&mut self) -> Option<T> {
        loop {
            if let Some(first) = self.landed.remove(&self.given_out) {
                self.given_out += 1;
                return Some(first);
            }
            let (number, landed) = self.flying.next().await?;
            self.landed.insert(number, landed);
        }
    }

    /// Waits for something else while the calls go on.
    pub(super) async fn alongside<F: Future>(&mut self, other: F) -> F::Output {
        let mut other = pin!(other);
        loop {
            if self.flying.is_empty() {
                return other.await;
            }
            match select(other, self.flying.next()).await {
                Either::Left((output, _)) => return output,
                Either::Right((landed, still)) => {
                    self.landed.extend(landed);
                    other = still;
                }
            }
        }
    }

    /// Waits until all are done, and forgets them.
    pub(super) async fn settle(&mut self) {
        while self.flying.next().await.is_some() {}
        self.landed.clear();
        self.given_out = self.begun;
    }
}
