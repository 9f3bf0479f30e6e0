//! The constants and behaviour of the attribute's jobs, as the driver sees them.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use recursive_lambda::{
    Advance, Batch, Config, Error, ErrorKind, FileBatch, Flow, Handler, Job, Progress, Source, Summary, Terminal,
    recursive_lambda,
};
use std::any::Any;
use std::sync::Mutex;

#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
struct Totals {
    rows: u64,
}

#[derive(Default)]
struct Db(Mutex<Vec<String>>);

#[recursive_lambda(
    batch = 3,
    format = lines,
    reserve = "1m 500ms",
    batches_per_invocation = 7,
    is_complete = enough,
    on_complete = report,
)]
async fn import(db: &Db, batch: Batch<String>, totals: &mut Totals) -> Result<(), Error> {
    totals.rows += batch.len() as u64;
    db.0.lock().unwrap().extend(batch);
    Ok(())
}

fn enough(_: &Progress, totals: &Totals) -> bool {
    totals.rows >= 2
}

async fn report(_: &Summary, totals: &Totals, db: &Db) -> Result<(), Error> {
    db.0.lock().unwrap().push(format!("{} rows", totals.rows));
    Ok(())
}

#[recursive_lambda(batch = 1)]
async fn plain(_: Batch<String>) -> Result<(), Error> {
    Ok(())
}

#[recursive_lambda(batch = 1)]
async fn stops(batch: Batch<String>) -> Result<Flow, std::num::ParseIntError> {
    let number: u8 = batch.iter().map(|text| text.parse()).next().unwrap_or(Ok(0))?;
    Ok(if number == 0 { Flow::Complete } else { Flow::Continue })
}

#[recursive_lambda(batch = 1)]
async fn gives_up(_: Batch<String>) -> Result<Flow, Error> {
    Err("no more").terminal()
}

#[recursive_lambda(batch = 4, source = tmp)]
async fn cached(_: Batch<String>) -> Result<(), Error> {
    Ok(())
}

#[recursive_lambda(batch = 5, is_complete = at_the_end)]
async fn frames(batch: FileBatch) -> Result<Advance, Error> {
    Ok(Advance::by(std::fs::metadata(batch.path())?.len().min(batch.limit() as u64)))
}

fn at_the_end(progress: &Progress) -> bool {
    progress.position() == progress.size()
}

/// A handler written by hand. Shows that the attribute's code uses only the public API.
struct ByHand;

impl Handler for ByHand {
    const NAME: &'static str = "by_hand";
    const CONFIG: Config = Config::new(2);
    type Format = recursive_lambda::format::Lines;
    type Input = Batch<String>;
    type State = u64;
    type Resources = u8;

    async fn call(batch: Batch<String>, rows: &mut u64, weight: &u8) -> Result<Flow, Error> {
        *rows += batch.len() as u64 * u64::from(*weight);
        Ok(Flow::Continue)
    }
}

/// A job's constants.
fn constants<J: Job<R>, R>() -> (&'static str, Config) {
    fn of<H: Handler>(_: H) -> (&'static str, Config) {
        (H::NAME, H::CONFIG)
    }
    of(J::handler())
}

/// Calls a job through its handler. Returns its answer and the serialized state.
async fn call<J: Job<R>, R>(resources: &R, lines: &[&str]) -> (Result<Advance, Error>, String) {
    async fn of<H: Handler>(_: H, resources: &H::Resources, lines: &[&str]) -> (Result<Advance, Error>, String) {
        let batch: Box<dyn Any> = Box::new(Batch::of(lines.iter().map(|line| (*line).to_owned())));
        let mut state = H::State::default();
        let answer = H::call(*batch.downcast().unwrap(), &mut state, resources).await;
        (answer.map(Into::into), serde_json::to_string(&state).unwrap())
    }
    of(J::handler(), resources, lines).await
}

#[test]
fn arguments_become_constants() {
    assert_eq!(constants::<plain, ()>(), ("plain", Config::new(1)));
    assert_eq!(constants::<ByHand, u8>(), ("by_hand", Config::new(2)));
    let config = Config::new(3).reserve_ms(60_500).batches_per_invocation(7).on_complete();
    assert_eq!(constants::<import, Db>(), ("import", config));
    assert_eq!(constants::<cached, ()>(), ("cached", Config::new(4).source(Source::Tmp)));
    assert_eq!(constants::<frames, ()>(), ("frames", Config::new(5)));
}

#[tokio::test]
async fn parameters_keep_their_order() {
    let db = Db::default();
    let (answer, state) = call::<import, Db>(&db, &["a", "b"]).await;
    assert_eq!((answer.unwrap(), state.as_str()), (Flow::Continue.into(), r#"{"rows":2}"#));
    assert_eq!(*db.0.lock().unwrap(), ["a", "b"]);
    let (answer, state) = call::<ByHand, u8>(&5, &["a", "b"]).await;
    assert_eq!((answer.unwrap(), state.as_str()), (Flow::Continue.into(), "10"));
}

#[tokio::test]
async fn answers_reach_the_runtime() {
    for (lines, expected) in [(&[][..], Flow::Complete), (&["0"], Flow::Complete), (&["1"], Flow::Continue)] {
        assert_eq!(call::<stops, ()>(&(), lines).await.0.unwrap(), Advance::from(expected), "{lines:?}");
    }
    let error = call::<stops, ()>(&(), &["x"]).await.0.unwrap_err();
    assert_eq!((error.kind(), error.is_terminal()), (ErrorKind::Job, false));
    let error = call::<gives_up, ()>(&(), &[]).await.0.unwrap_err();
    assert_eq!((error.to_string().as_str(), error.is_terminal()), ("no more", true));
}

#[tokio::test]
async fn a_file_batch_job_stays_a_function() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("three");
    std::fs::write(&path, "abc").unwrap();
    for (limit, expected) in [(2, 2), (5, 3)] {
        let batch = FileBatch::of(&path, 7, limit);
        assert_eq!((batch.position(), batch.object().size(), batch.attempt(), batch.epoch()), (7, 3, 1, 1));
        assert_eq!(batch.idempotency_key().to_string(), format!("test:7+{limit}"));
        assert_eq!(frames(batch).await.unwrap(), Advance::by(expected));
    }
    let error = frames(FileBatch::of(folder.path().join("none"), 0, 1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Job);
}

#[tokio::test]
async fn a_job_stays_a_function() {
    let (db, mut totals) = (Db::default(), Totals::default());
    import(&db, Batch::of(["a".to_owned()]), &mut totals).await.unwrap();
    assert_eq!(totals, Totals { rows: 1 });
}
