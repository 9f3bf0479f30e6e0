//! What the driver asks of its ports, seen by ports that write it down. What comes of it in the end is the simulation's.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]

use super::session::Session;
use super::start::{Beginning, begin};
use crate::engine::record::tests::fresh;
use crate::engine::record::{Object, Owner, Record, Status};
use crate::engine::save::{Condition, Read, Stored, Written};
use crate::event::Start;
use crate::format::Lines;
use crate::invocation::Invocation;
use crate::ports::{Clock, Disk, Objects, Page, RecordId, Records, SourceError};
use crate::settings::{Settings, State, parse_buckets};
use crate::{Batch, Config, Error, ErrorKind, Flow, Handler};
use bytes::Bytes;
use futures_util::FutureExt;
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

/// Objects, records and a clock that stands still; `asked` are the objects that were asked for.
#[derive(Default)]
pub(super) struct Ports {
    asked: Mutex<Vec<Object>>,
    /// The record in the store.
    stored: Option<Record>,
}

impl Objects for Ports {
    async fn head(&self, named: &Object) -> Result<Object, SourceError> {
        self.asked.lock().unwrap().push(named.clone());
        Ok(Object { etag: "head".into(), size: BODY.len() as u64, ..named.clone() })
    }

    fn get(&self, object: &Object, range: Range<u64>) -> impl Future<Output = Result<Bytes, SourceError>> + Send + 'static {
        self.asked.lock().unwrap().push(object.clone());
        let bytes = BODY.get(range.start as usize..range.end as usize).unwrap();
        async move { Ok(Bytes::from_static(bytes)) }
    }
}

impl Records for Ports {
    const TRAVELS: bool = false;

    async fn read(&self, _: &RecordId) -> Read {
        let stored = |record| Read::Found(Box::new(Stored { record, etag: "e".into(), age: Duration::ZERO }));
        self.stored.clone().map_or(Read::Absent, stored)
    }

    async fn list(&self, _: &'static str, _: Option<String>) -> Result<Page, Error> {
        Ok(Page::default())
    }

    async fn write(&self, _: &RecordId, _: Vec<u8>, _: &Condition) -> Written {
        Written::Applied { etag: "e".into() }
    }

    async fn set_aside(&self, _: &RecordId, _: u64, _: Vec<u8>) -> Result<(), String> {
        Ok(())
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

    fn beside(&self, task: impl Future<Output = ()> + Send + 'static) -> impl Future<Output = ()> + Send + 'static {
        task
    }
}

fn site(buckets: Option<&str>, ports: &Arc<Ports>) -> super::Site<Job, Ports> {
    let buckets = buckets.map(|names| parse_buckets(names).unwrap());
    let state = Some(State::S3 { bucket: "state".into(), prefix: "runs".into() });
    super::Site::new(Settings { buckets, state, ..Settings::default() }, (), Arc::clone(ports))
}

/// An event about the object of [`fresh`].
fn start(pinned: bool) -> Start {
    Start {
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
fn a_run_begins_with_the_account_that_must_own_its_bucket() {
    for (buckets, arn, owner) in OWNERS {
        for pinned in [true, false] {
            let ports = Arc::new(Ports::default());
            let site = site(buckets, &ports);
            let begun = begin(&site, &*ports, &Invocation::for_tests(arn), start(pinned), None).now_or_never().unwrap();
            let asked = ports.asked.lock().unwrap().clone();
            match (begun, owner) {
                (Ok(Beginning::Run { record, .. }), Ok(owner)) => {
                    assert_eq!(record.object.owner.as_deref(), owner, "{buckets:?} {arn} {pinned}");
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
fn a_run_is_read_under_the_owner_of_the_settings_whatever_its_record_says() {
    for (buckets, arn, owner) in OWNERS {
        for forged in [None, Some("666666666666")] {
            let ports = Arc::new(Ports::default());
            let (site, invocation) = (site(buckets, &ports), Invocation::for_tests(arn));
            let object = Object { owner: forged.map(String::from), size: BODY.len() as u64, ..Object::for_tests() };
            let record = Record { object, size: BODY.len() as u64, ..fresh() };
            let mut session = match (Session::open(&site, &invocation, "run", &record), owner) {
                (Ok(session), Ok(_)) => session,
                (Err(failed), Err(kind)) => {
                    assert_eq!(failed.error.kind(), kind, "{buckets:?}");
                    continue;
                }
                (opened, _) => panic!("{buckets:?} {arn}: {:?}", opened.err().map(|failed| failed.error)),
            };
            let budget = site.budget(&invocation);
            let done = session.work(&record, (1, 10), &budget, None).now_or_never().unwrap();
            let done = done.map_err(|failed| failed.error).unwrap();
            assert_eq!((done.records, done.at_end), (2, true));
            let asked = ports.asked.lock().unwrap();
            assert!(!asked.is_empty() && asked.iter().all(|asked| asked.owner.as_deref() == owner.unwrap()), "{asked:?}");
        }
    }
}

#[test]
fn a_first_record_says_who_works_on_it() {
    let me = || Owner { request_id: "r".into(), nonce: "n".into() };
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
    // Whether the invocation works in place; status, seq, epoch, attempts and invocations then.
    for (in_place, status, seq, [epoch, attempts, invocations]) in
        [(None, Status::Ready, 1, [0; 3]), (Some(me()), Status::Running, 0, [1; 3])]
    {
        let ports = Arc::new(Ports::default());
        let begun =
            begin(&site(None, &ports), &*ports, &Invocation::for_tests(OWN), start(true), in_place.clone()).now_or_never();
        let Beginning::Run { record, id } = begun.unwrap().unwrap() else { panic!("no run") };
        assert_eq!((id.len(), record.owner.clone(), record.status, record.seq), (32, in_place, status, seq));
        assert_eq!((record.epoch, u64::from(record.attempts), record.invocations), (epoch, attempts, invocations));
        assert_eq!((record.started, record.updated, record.size), (now, now, 8));
        let object =
            Object { version: Some("v7".into()), etag: "told".into(), region: Some("eu-west-1".into()), ..Object::for_tests() };
        let object = Object { size: 8, owner: Some("123456789012".into()), ..object };
        assert_eq!(record.object, object);
        assert_eq!((record.plan.batch, record.plan.format.as_str()), (10, "lines"));
    }
}

#[test]
fn the_object_is_pinned_by_the_event_the_record_or_the_store_in_this_order() {
    let stored = || Some(Record { object: Object { etag: "stored".into(), size: 5, ..Object::for_tests() }, ..fresh() });
    let both = start(true);
    let without_size = Start { size: None, ..both.clone() };
    let without_etag = Start { etag: None, ..both.clone() };
    for (start, stored, etag) in [
        (&both, None, "told"),
        (&both, stored(), "told"),
        (&without_size, stored(), "stored"),
        (&without_etag, stored(), "stored"),
        (&without_size, None, "head"),
        (&without_etag, None, "head"),
    ] {
        let ports = Arc::new(Ports { stored, ..Ports::default() });
        let begun = begin(&site(None, &ports), &*ports, &Invocation::for_tests(OWN), start.clone(), None).now_or_never().unwrap();
        let Beginning::Run { record, .. } = begun.unwrap() else { panic!("no run") };
        assert_eq!(record.object.etag, etag, "{start:?}");
        assert_eq!(record.size, record.object.size);
    }
}

#[test]
fn each_run_has_an_id_of_its_own() {
    let id = |arn: &str, tenant: Option<&str>, start: Start| {
        let ports = Arc::new(Ports::default());
        let invocation = Invocation { tenant: tenant.map(String::from), ..Invocation::for_tests(arn) };
        let begun = begin(&site(None, &ports), &*ports, &invocation, start, None).now_or_never().unwrap().unwrap();
        let Beginning::Run { id, .. } = begun else { panic!("no run") };
        id
    };
    let same = id(OWN, None, start(true));
    assert_eq!(same, id(OWN.trim_end_matches(":live"), None, start(true)), "whatever alias it was invoked by");
    let others = [
        id("arn:aws:lambda:eu-west-1:123456789012:function:g", None, start(true)),
        id(OWN, Some("blue"), start(true)),
        id(OWN, None, Start { bucket: "other".into(), ..start(true) }),
        id(OWN, None, Start { key: "other".into(), ..start(true) }),
        id(OWN, None, Start { version: None, ..start(true) }),
        id(OWN, None, Start { version: None, etag: Some("other".into()), ..start(true) }),
        id(OWN, None, Start { name: Some("again".into()), ..start(true) }),
        id(OWN, None, Start { name: None, sequencer: Some("1".into()), ..start(true) }),
    ];
    let all: std::collections::BTreeSet<_> = others.iter().chain([&same]).collect();
    assert_eq!(all.len(), others.len() + 1, "{all:?}");
}
