//! The driver's requests to its ports, seen by ports that record them. The simulation tests their results.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]

use super::session::Session;
use super::start::{Beginning, begin};
use crate::format::Lines;
use crate::invocation::Invocation;
use crate::ports::{Clock, Disk, Objects, Page, RunKey, SourceError, Store};
use crate::settings::{Settings, StoreLocation, parse_buckets};
use crate::{Batch, Config, Error, ErrorKind, Flow, Handler};
use bytes::Bytes;
use futures_util::FutureExt;
use recursive_lambda_core::checkpoint::{Checkpoint, Stage};
use recursive_lambda_core::engine::save::{Condition, Read, Stored, Written};
use recursive_lambda_core::event::NamedObject;
use recursive_lambda_core::object::PinnedObject;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

const BODY: &[u8] = b"one\ntwo\n";
const OWN: &str = "arn:aws:lambda:eu-west-1:123456789012:function:f:live";

pub(super) struct Job;

impl Handler for Job {
    const NAME: &'static str = "job";
    const CONFIG: Config = Config::new(10);
    type Format = Lines;
    type Input = Batch<String>;
    type State = ();
    type Resources = ();

    async fn call(_: Batch<String>, (): &mut (), (): &()) -> Result<Flow, Error> {
        Ok(Flow::Continue)
    }
}

/// Objects, checkpoints and a clock that stands still; `asked` are the objects that were requested.
#[derive(Default)]
pub(super) struct Ports {
    asked: Mutex<Vec<PinnedObject>>,
    /// The stored checkpoint.
    stored: Option<Checkpoint>,
}

impl Objects for Ports {
    async fn head(&self, named: &PinnedObject) -> Result<PinnedObject, SourceError> {
        self.asked.lock().unwrap().push(named.clone());
        Ok(PinnedObject { etag: "head".into(), size: BODY.len() as u64, ..named.clone() })
    }

    fn get(&self, object: &PinnedObject, range: Range<u64>) -> impl Future<Output = Result<Bytes, SourceError>> + Send + 'static {
        self.asked.lock().unwrap().push(object.clone());
        let bytes = BODY.get(range.start as usize..range.end as usize).unwrap();
        async move { Ok(Bytes::from_static(bytes)) }
    }
}

impl Store for Ports {
    async fn read(&self, _: &RunKey) -> Read {
        let stored = |checkpoint| Read::Found(Box::new(Stored { checkpoint, etag: "e".into(), age: Duration::ZERO }));
        self.stored.clone().map_or(Read::Absent, stored)
    }

    async fn list(&self, _: &'static str, _: Option<String>) -> Result<Page, Error> {
        Ok(Page::default())
    }

    async fn write(&self, _: &RunKey, _: Vec<u8>, _: &Condition) -> Written {
        Written::Applied { etag: "e".into() }
    }

    async fn write_skipped(&self, _: &RunKey, _: u64, _: Vec<u8>) -> Result<(), String> {
        Ok(())
    }

    async fn mark(&self, _: &RunKey, _: Stage, _: u32) -> Result<(), String> {
        Ok(())
    }

    async fn marks(&self, _: &RunKey, _: Stage) -> Result<u32, String> {
        Ok(0)
    }
}

impl Disk for Ports {
    fn temporary(&self) -> PathBuf {
        PathBuf::new()
    }

    fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = Option<T>> + Send + 'static {
        std::future::ready(Some(work()))
    }
}

impl Clock for Ports {
    fn now(&self) -> Duration {
        Duration::from_secs(100)
    }

    fn wall(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_000)
    }

    async fn sleep(&self, _: Duration) {}

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> impl Future<Output = ()> + Send + 'static {
        task
    }

    /// Nothing here waits.
    fn spawn_user_code(&self, task: impl Future<Output = ()> + Send + 'static) -> impl Future<Output = ()> + Send + 'static {
        task.now_or_never().unwrap();
        std::future::ready(())
    }
}

fn deployment(buckets: Option<&str>, ports: &Arc<Ports>) -> super::Deployment<Job, Ports> {
    let buckets = buckets.map(|names| parse_buckets(names).unwrap());
    let state = Some(StoreLocation::S3 { bucket: "state".into(), prefix: "runs".into() });
    super::Deployment::new(Settings { buckets, state, ..Settings::default() }, (), Arc::clone(ports))
}

/// An event about the object of [`fresh`].
fn start(pinned: bool) -> NamedObject {
    NamedObject {
        bucket: "bucket".into(),
        key: "key".into(),
        region: Some("eu-west-1".into()),
        version: Some("v7".into()),
        etag: pinned.then(|| "told".into()),
        size: pinned.then_some(8),
        sequencer: None,
        name: Some("by-hand".into()),
    }
}

/// The setting, the function, and the account that must own the bucket; `Err`: it is refused.
type Owned = (Option<&'static str>, &'static str, Result<Option<&'static str>, ErrorKind>);

const OWNERS: [Owned; 6] = [
    (None, OWN, Ok(Some("123456789012"))),
    (Some("bucket"), OWN, Ok(Some("123456789012"))),
    (Some("other, bucket@210987654321"), OWN, Ok(Some("210987654321"))),
    (Some("bucket@210987654321"), "f", Ok(Some("210987654321"))),
    (None, "f", Ok(None)),
    (Some("other@210987654321"), OWN, Err(ErrorKind::NotAllowed)),
];

#[test]
fn a_run_starts_with_the_bucket_owner() {
    for (buckets, arn, owner) in OWNERS {
        for pinned in [true, false] {
            let ports = Arc::new(Ports::default());
            let deployment = deployment(buckets, &ports);
            let begun = begin(&deployment, &*ports, &Invocation::for_tests(arn), start(pinned)).now_or_never().unwrap();
            let asked = ports.asked.lock().unwrap().clone();
            match (begun, owner) {
                (Ok(Beginning::Run { object, .. }), Ok(owner)) => {
                    assert_eq!(object.owner.as_deref(), owner, "{buckets:?} {arn} {pinned}");
                    assert_eq!(asked.len(), usize::from(!pinned), "the store is asked where the event does not pin");
                    assert!(asked.iter().all(|asked| asked.owner.as_deref() == owner), "{asked:?}");
                }
                (Err(error), Err(kind)) => {
                    assert_eq!((error.kind(), error.is_terminal(), asked.len()), (kind, true, 0), "{buckets:?}");
                }
                (begun, _) => panic!("{buckets:?} {arn} {pinned}: {:?}", begun.err()),
            }
        }
    }
}

#[test]
fn the_settings_name_the_bucket_owner() {
    for (buckets, arn, owner) in OWNERS {
        for forged in [None, Some("666666666666")] {
            let ports = Arc::new(Ports::default());
            let (deployment, invocation) = (deployment(buckets, &ports), Invocation::for_tests(arn));
            let object = PinnedObject { owner: forged.map(String::from), size: BODY.len() as u64, ..PinnedObject::for_tests() };
            let checkpoint = Checkpoint { object, size: BODY.len() as u64, ..Checkpoint::for_tests() };
            let mut session = match (Session::open(&deployment, &invocation, "run", &checkpoint), owner) {
                (Ok(session), Ok(_)) => session,
                (Err(failed), Err(kind)) => {
                    assert_eq!(failed.error.kind(), kind, "{buckets:?}");
                    continue;
                }
                (opened, _) => panic!("{buckets:?} {arn}: {:?}", opened.err().map(|failed| failed.error)),
            };
            let budget = deployment.budget(&invocation);
            let done = session.work(&checkpoint, (1, 10), &budget, None).now_or_never().unwrap();
            let done = done.map_err(|failed| failed.error).unwrap();
            assert_eq!((done.records, done.at_end), (2, true));
            let asked = ports.asked.lock().unwrap();
            assert!(!asked.is_empty() && asked.iter().all(|asked| asked.owner.as_deref() == owner.unwrap()), "{asked:?}");
        }
    }
}

#[test]
fn the_event_names_and_pins_the_run() {
    let ports = Arc::new(Ports::default());
    let begun = begin(&deployment(None, &ports), &*ports, &Invocation::for_tests(OWN), start(true)).now_or_never();
    let Beginning::Run { object, id } = begun.unwrap().unwrap() else { panic!("no run") };
    let want = PinnedObject {
        version: Some("v7".into()),
        etag: "told".into(),
        region: Some("eu-west-1".into()),
        ..PinnedObject::for_tests()
    };
    assert_eq!(object, PinnedObject { size: 8, owner: Some("123456789012".into()), ..want });
    assert_eq!(id.len(), 32);
}

#[test]
fn the_event_pins_the_object_first() {
    let stored = || {
        Some(Checkpoint {
            object: PinnedObject { etag: "stored".into(), size: 5, ..PinnedObject::for_tests() },
            ..Checkpoint::for_tests()
        })
    };
    let both = start(true);
    let without_size = NamedObject { size: None, ..both.clone() };
    let without_etag = NamedObject { etag: None, ..both.clone() };
    for (named, stored, etag) in [
        (&both, None, "told"),
        (&both, stored(), "told"),
        (&without_size, stored(), "stored"),
        (&without_etag, stored(), "stored"),
        (&without_size, None, "head"),
        (&without_etag, None, "head"),
    ] {
        let ports = Arc::new(Ports { stored, ..Ports::default() });
        let begun = begin(&deployment(None, &ports), &*ports, &Invocation::for_tests(OWN), named.clone()).now_or_never().unwrap();
        let Beginning::Run { object, .. } = begun.unwrap() else { panic!("no run") };
        assert_eq!(object.etag, etag, "{named:?}");
    }
}

#[test]
fn each_run_has_its_own_id() {
    let id = |arn: &str, tenant: Option<&str>, named: NamedObject| {
        let ports = Arc::new(Ports::default());
        let invocation = Invocation { tenant: tenant.map(String::from), ..Invocation::for_tests(arn) };
        let begun = begin(&deployment(None, &ports), &*ports, &invocation, named).now_or_never().unwrap().unwrap();
        let Beginning::Run { id, .. } = begun else { panic!("no run") };
        id
    };
    let same = id(OWN, None, start(true));
    assert_eq!(same, id(OWN.trim_end_matches(":live"), None, start(true)), "no matter which alias was invoked");
    let others = [
        id("arn:aws:lambda:eu-west-1:123456789012:function:g", None, start(true)),
        id(OWN, Some("blue"), start(true)),
        id(OWN, None, NamedObject { bucket: "other".into(), ..start(true) }),
        id(OWN, None, NamedObject { key: "other".into(), ..start(true) }),
        id(OWN, None, NamedObject { version: None, ..start(true) }),
        id(OWN, None, NamedObject { version: None, etag: Some("other".into()), ..start(true) }),
        id(OWN, None, NamedObject { name: Some("again".into()), ..start(true) }),
        id(OWN, None, NamedObject { name: None, sequencer: Some("1".into()), ..start(true) }),
    ];
    let all: std::collections::BTreeSet<_> = others.iter().chain([&same]).collect();
    assert_eq!(all.len(), others.len() + 1, "{all:?}");
}
