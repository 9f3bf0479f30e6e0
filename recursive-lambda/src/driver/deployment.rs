//! What all invocations of a process share: the job, its deployment and the ports.

use super::input::{FormatOf, format_of, reads_a_file, takes_a_file};
use super::pace::Limits;
use super::shards::is_scanned;
use crate::cache::Cache;
use crate::config::{self, Config, OnError};
use crate::format::Format;
use crate::invocation::Invocation;
use crate::job::Handler;
use crate::settings::Settings;
use recursive_lambda_core::checkpoint::{Plan, Shards, Stage};
use recursive_lambda_core::engine::budget::Budget;
use recursive_lambda_core::engine::messages::Rules;
use recursive_lambda_core::identity::plan;
use std::sync::Arc;
use std::time::Duration;

pub(crate) struct Deployment<H: Handler, P> {
    pub(crate) settings: Settings,
    pub(crate) config: Config,
    pub(crate) plan: Plan,
    pub(crate) resources: H::Resources,
    pub(crate) platform: Arc<P>,
    pub(crate) cache: Arc<Cache>,
}

impl<H: Handler, P> Deployment<H, P> {
    pub(crate) fn new(settings: Settings, resources: H::Resources, platform: Arc<P>) -> Self {
        let config = H::CONFIG;
        // A file batch does not count lines, which is the format it is given.
        let format = match takes_a_file::<H>() {
            true => "file".into(),
            false => FormatOf::<H>::NAME.to_owned() + &format_of::<H>().options() + &config.encoding.in_plan(),
        };
        let (plan, cache) = (plan(config.batch as u64, &format), Arc::new(Cache::new()));
        Self { settings, config, plan, resources, platform, cache }
    }

    /// The shards of a new run over an object of this size; `None`: it has none.
    pub(super) fn shards(&self, size: u64) -> Option<Shards> {
        const EACH: u64 = 256 << 20;
        const MOST: u64 = 100;
        let count = match self.settings.shards.or(self.config.shards)? {
            config::Shards::Exactly(count) => count,
            config::Shards::Auto => size.div_ceil(EACH).min(MOST) as u32,
        };
        let stage = if is_scanned::<H>() { Stage::Scan } else { Stage::Read };
        (count > 1).then(|| Shards::new(count, stage))
    }

    pub(super) fn rules(&self) -> Rules {
        Rules {
            lease: self.settings.lease,
            checkpoint: self.settings.checkpoint,
            max_attempts: self.settings.max_attempts,
            retry_for: self.settings.retry_for,
            max_invocations: self.settings.max_invocations,
            on_complete: self.config.on_complete,
            skip: match self.config.on_error {
                OnError::Stop => None,
                OnError::Skip(most) => Some(most),
            },
            shards: None,
            plan: self.plan.clone(),
        }
    }

    pub(super) fn budget(&self, invocation: &Invocation) -> Budget {
        let most = self.settings.batches_per_invocation.or(self.config.batches_per_invocation);
        Budget::new(invocation.left, self.reserve(), most).concurrent(self.config.concurrency.max(1))
    }

    pub(super) fn limits(&self, budget: &Budget) -> Limits {
        Limits { slowest_batch: budget.slowest_batch(), reserve: self.reserve(), in_tmp: reads_a_file::<H>() }
    }

    /// The time to keep free before the deadline, from the deployment or the attribute.
    pub(crate) fn reserve(&self) -> Duration {
        self.settings.reserve.unwrap_or(Duration::from_millis(self.config.reserve_ms))
    }
}
