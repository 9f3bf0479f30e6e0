//! What is known of a deployed function and of what is around it, as plain data. It asks nobody and judges nothing.

use crate::remote::Place;
use std::time::{Duration, SystemTime};

/// Why something is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unknown {
    pub(super) why: String,
    /// A call failed. Otherwise there was nothing to see yet.
    pub(super) failed: bool,
}

pub(super) type Known<T> = Result<T, Unknown>;

#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) function: Deployed,
    pub(super) recursion_is_allowed: Known<bool>,
    /// `None`: no concurrency is reserved.
    pub(super) reserved_concurrency: Known<Option<i32>>,
    pub(super) failed_events: Known<FailedEvents>,
    pub(super) queues: Known<Vec<Queue>>,
    /// The resource policy of the function.
    pub(super) senders: Known<Senders>,
    /// Of the store's bucket.
    pub(super) notifications: Known<Vec<Notification>>,
    /// The rules that start the function, or send to its queues, when the store is written.
    pub(super) store_rules: Known<Vec<String>>,
    pub(super) lifecycle: Known<Vec<Expiration>>,
    pub(super) runs: Known<Runs>,
    pub(super) schedules: Known<Vec<Schedule>>,
    pub(super) invocations: Known<Invocations>,
    pub(super) refused: Known<Vec<Refused>>,
    pub(super) retention_days: Known<Option<i32>>,
    pub(super) alarms: Known<Alarms>,
}

/// The function's own settings.
#[derive(Clone, Debug)]
pub(super) struct Deployed {
    pub(super) name: String,
    /// Without a qualifier.
    pub(super) arn: String,
    /// The alias or version that the user named.
    pub(super) qualifier: Option<String>,
    pub(super) role: String,
    /// When its code or a setting was changed.
    pub(super) changed: Option<SystemTime>,
    pub(super) timeout: Duration,
    /// Lambda allows no longer time-out.
    pub(super) longest_timeout: Duration,
    pub(super) tmp_mb: u64,
    /// `None`: the variable is not set, and the attribute decides.
    pub(super) reserve: Option<Duration>,
    /// `None`: checkpoints travel in the signals.
    pub(super) store: Option<Place>,
    /// `None`: those of the account.
    pub(super) buckets: Option<Vec<String>>,
    pub(super) log_group: String,
    pub(super) log_is_json: bool,
    pub(super) dead_letters: Option<String>,
}

impl Deployed {
    /// As the triggers name it.
    pub(super) fn named(&self) -> String {
        self.qualifier.as_ref().map_or_else(|| self.name.clone(), |qualifier| format!("{}:{qualifier}", self.name))
    }

    pub(super) fn named_arn(&self) -> String {
        self.qualifier.as_ref().map_or_else(|| self.arn.clone(), |qualifier| format!("{}:{qualifier}", self.arn))
    }
}

/// What Lambda does with an event whose invocation failed.
#[derive(Clone, Debug)]
pub(super) struct FailedEvents {
    pub(super) retries: i32,
    pub(super) age: Duration,
    pub(super) destination: Option<String>,
}

impl Default for FailedEvents {
    /// Lambda's, without a setting.
    fn default() -> Self {
        Self { retries: 2, age: Duration::from_secs(21_600), destination: None }
    }
}

/// A queue whose messages start runs.
#[derive(Clone, Debug)]
pub(super) struct Queue {
    pub(super) arn: String,
    pub(super) mapping: String,
    pub(super) is_enabled: bool,
    pub(super) reports_failures: bool,
    pub(super) attributes: Known<QueueAttributes>,
}

#[derive(Clone, Debug)]
pub(super) struct QueueAttributes {
    pub(super) url: String,
    pub(super) visibility: Duration,
    /// The dead-letter queue, and how often a message is received before it goes there.
    pub(super) dead_letters: Option<(String, u32)>,
    /// Who may send messages, by its policy.
    pub(super) senders: Senders,
}

/// ARNs that a resource policy allows to invoke the function or to send to a queue, with `*` and `?` as in the policy.
pub(super) type Senders = Vec<String>;

/// What a bucket announces, and to whom.
#[derive(Clone, Debug)]
pub(super) struct Notification {
    pub(super) to: String,
    pub(super) prefix: String,
    pub(super) suffix: String,
}

/// A lifecycle rule that deletes objects.
#[derive(Clone, Debug)]
pub(super) struct Expiration {
    pub(super) id: String,
    pub(super) prefix: String,
    pub(super) after: After,
    /// It deletes only objects of more bytes than this.
    pub(super) larger_than: Option<i64>,
    /// It deletes only objects of fewer bytes than this.
    pub(super) smaller_than: Option<i64>,
}

/// When a lifecycle rule deletes an object.
#[derive(Clone, Debug)]
pub(super) enum After {
    /// This many days after it was written.
    Days(i32),
    /// From this date on, at once.
    Date(String),
}

/// A rule or schedule with the function as its target.
#[derive(Clone, Debug)]
pub(super) struct Schedule {
    pub(super) name: String,
    pub(super) kind: ScheduleKind,
    pub(super) is_enabled: bool,
    pub(super) expression: String,
    /// The target's ARN.
    pub(super) target: String,
    /// A rule names each of its targets; a schedule has only one.
    pub(super) target_id: String,
    pub(super) input: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScheduleKind {
    /// A rule of EventBridge.
    Rule,
    /// A schedule of EventBridge Scheduler, which invokes by a role of its own.
    Scheduler,
}

/// What the log says of the invocations of the last day, or since the function was changed.
#[derive(Clone, Debug, Default)]
pub(super) struct Invocations {
    /// The slowest batch of each job.
    pub(super) jobs: Vec<Pace>,
    /// How many were still at work shortly before the time-out.
    pub(super) ran_out_of_time: usize,
}

#[derive(Clone, Debug)]
pub(super) struct Pace {
    pub(super) job: String,
    pub(super) slowest_batch: Duration,
    /// What the job asks for.
    pub(super) reserve: Duration,
    /// The size of the largest object that was kept in /tmp.
    pub(super) in_tmp: Option<u64>,
}

/// What the store shows of the function's runs.
#[derive(Clone, Debug, Default)]
pub(super) struct Runs {
    pub(super) jobs: Vec<String>,
    /// What the newest runs read.
    pub(super) objects: Vec<Source>,
    /// Of all runs.
    pub(super) largest_checkpoint: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) bucket: String,
    pub(super) key: String,
    pub(super) has_version: bool,
}

/// What the role may not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) need: Need,
    pub(super) action: String,
    /// What was asked about, for example one object.
    pub(super) resource: String,
    /// What a statement should name, for example a folder.
    pub(super) pattern: String,
    pub(super) by: Refusal,
}

/// Why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// No statement allows it.
    NotAllowed,
    /// The same, but it is not known which objects the function reads: this is none of them.
    NotAllowedPerhaps,
    /// These statements deny it. Those of an organisation are not shown.
    Denied(Vec<String>),
    /// The permissions boundary of the role does not allow it.
    Boundary,
    /// A policy of the organisation does not allow it.
    Organization,
    /// It depends on these keys, which only a real request has.
    DependsOn(Vec<String>),
}

/// What a permission is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    Store,
    Source,
    Signal,
    Queue,
    Destination,
    Log,
}

#[derive(Clone, Debug)]
pub(super) struct Alarms {
    /// Metrics made from the function's log: namespace and name.
    pub(super) from_log: Vec<(String, String)>,
    /// Those about the function, its log, and its queues.
    pub(super) alarms: Vec<Alarm>,
}

#[derive(Clone, Debug)]
pub(super) struct Alarm {
    pub(super) name: String,
    pub(super) metric: (String, String),
    pub(super) action: Action,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// By itself, or as part of another alarm.
    Acts,
    Missing,
    Disabled,
}
