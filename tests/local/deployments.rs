//! Broken deployments: the first message that the user reads, and proof that nothing is lost. One table, with one mistake in each line.

use super::stage::{BATCHES, KEY, ROWS, STATE, Stage, UPLOADS, birdstrikes};
use futures_util::{StreamExt, stream};
use recursive_lambda_local::{ApiCall, Builder, Channel, Fault, ObjectInfo, Operation};
use serde_json::{Value, json};
use std::future::ready;
use std::process::Command;
use std::time::Duration;

/// The one mistake of a case.
#[derive(Clone, Copy)]
enum Mistake {
    /// This event is sent instead of an upload's event.
    Event(&'static str),
    /// The upload's event is changed.
    UploadEvent(fn(&mut ObjectInfo)),
    /// The job runs over this object.
    Object(&'static str, fn() -> Vec<u8>),
    /// Requests that match fail.
    Requests(fn(&ApiCall) -> bool, Fault),
    /// The same for a manual start, which sends a `HEAD` request first.
    ByHand(fn(&ApiCall) -> bool, Fault),
    /// An environment variable.
    Variable(&'static str, &'static str),
    /// During the run.
    MidRun(fn(&Stage)),
    /// The checkpoint is changed between two invocations.
    Checkpoint(fn(&[u8]) -> Vec<u8>),
    /// The store is where uploads trigger, so checkpoints trigger events, too.
    StoreAmongUploads,
    /// A person starts the program.
    OutsideLambda,
}

/// How the run ends.
#[derive(Clone, Copy)]
enum End {
    /// Nothing is lost: once the deployment is fixed and the dead letter is sent again, every row is counted once. Until then the checkpoint
    /// has this status, or no checkpoint can be read.
    Waits(Option<&'static str>),
    /// The run failed, and the checkpoint says why.
    Failed,
    /// No run was started.
    NoRun,
    /// Done after this many records.
    Done(u64),
}

use End::{Done, Failed, NoRun, Waits};
use Mistake::{ByHand, Checkpoint, Event, MidRun, Object, OutsideLambda, Requests, StoreAmongUploads, UploadEvent, Variable};
use Operation::{GetObject, Invoke, PutObject};

/// The name, the mistake, the error type that Lambda reports, the first line of the error or warning, and how the run ends.
type Case = (&'static str, Mistake, Option<&'static str>, &'static str, End);

const DENIED: Fault = Fault::Refuse(403, "AccessDenied");
/// S3's answer for an object that is encrypted with a key of the uploader (SSE-C).
const SSE_C: Fault = Fault::RefuseSaying(
    400,
    "InvalidRequest",
    "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.",
);
const READY: End = Waits(Some("Ready"));
/// No error and no warning.
const QUIET: &str = "";
/// What Lambda reports when a program exits at its start. The error is in the log.
const AT_START: Option<&str> = Some("Runtime.ExitError");

fn of_object(call: &ApiCall) -> bool {
    call.operation == GetObject && call.bucket == UPLOADS
}

fn edited(checkpoint: &[u8], edit: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut checkpoint: Value = serde_json::from_slice(checkpoint).unwrap();
    edit(&mut checkpoint);
    checkpoint.to_string().into_bytes()
}

fn header() -> Vec<u8> {
    std::fs::read(birdstrikes()).unwrap().split_inclusive(|byte| *byte == b'\n').next().unwrap().to_vec()
}

#[rustfmt::skip]
const CASES: &[Case] = &[
    // The event.
    ("unknown event shape", Event(r#"{"hello":"world"}"#), Some("UnknownEvent"),
        r#"the event has the fields `hello`; expected an event of S3, CloudTrail or S3 Batch Operations, also through EventBridge, SNS, SQS or Pipes; a sweep; or a manual start {"bucket": "..", "key": "..", "run": ".."}"#, NoRun),
    ("empty array as event", Event("[]"), Some("UnknownEvent"),
        r#"the event is an empty array; expected an event of S3, CloudTrail or S3 Batch Operations, also through EventBridge, SNS, SQS or Pipes; a sweep; or a manual start {"bucket": "..", "key": "..", "run": ".."}"#, NoRun),
    ("S3's test event", Event(r#"{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2014-10-13T15:57:02.089Z","Bucket":"uploads"}"#), None, QUIET, NoRun),
    ("signal of a lost checkpoint", Event(r#"{"recursive_lambda":{"v":1,"job":"rows","run":"00000000000000000000000000000000","seq":1},"position":0}"#), Some("UnknownRun"),
        "there is no checkpoint of this run: it was deleted, or RECURSIVE_LAMBDA_STATE was changed during the run; start the object again by a manual start", NoRun),
    ("signal of a renamed job", Event(r#"{"recursive_lambda":{"v":1,"job":"other","run":"00000000000000000000000000000000","seq":1},"position":0}"#), Some("UnknownRun"),
        "the signal is for job `other`, this function runs `rows`; a job must keep its name while runs are in progress", NoRun),
    // The object.
    ("no such bucket", UploadEvent(|object| object.bucket = "no-such-bucket".into()), Some("SourceGone"),
        "there is no bucket `no-such-bucket`; it was deleted, or the event names a wrong one", Failed),
    ("no such key", UploadEvent(|object| object.key = "no/such.csv".into()), Some("SourceGone"),
        "s3://uploads/no/such.csv does not exist; it was deleted before the run began, or the event names a wrong key", Failed),
    ("no such key, with hostile characters", UploadEvent(|object| object.key = "a\u{1b}[31m\n\u{202e}".into()), Some("SourceGone"),
        r"s3://uploads/a\u{1b}[31m\n\u{202e} does not exist; it was deleted before the run began, or the event names a wrong key", Failed),
    ("no permission to read the object", Requests(of_object, DENIED), Some("Source"),
        "S3 refuses to read s3://uploads/birdstrikes.csv (403): the key does not exist, and without s3:ListBucket S3 says 403 instead of 404; or the role lacks s3:GetObject", READY),
    ("a bucket of another account", Variable("RECURSIVE_LAMBDA_BUCKETS", "uploads@210987654321"), Some("Source"),
        "S3 refuses to read s3://uploads/birdstrikes.csv (403): the key does not exist, and without s3:ListBucket S3 says 403 instead of 404; or the role lacks s3:GetObject", READY),
    ("a bucket that is not allowed", Variable("RECURSIVE_LAMBDA_BUCKETS", "others, more@210987654321"), Some("NotAllowed"),
        "the event names bucket `uploads`, which RECURSIVE_LAMBDA_BUCKETS does not allow; add it there, or remove the trigger", Waits(None)),
    ("wrong region", Requests(of_object, Fault::Moved("eu-west-1")), Some("Source"),
        "bucket `uploads` is in region `eu-west-1`, but the event says or implies another: start its objects by events of S3 or EventBridge, which name the region, or by a function there", READY),
    ("object encrypted with a customer-provided key", Requests(of_object, SSE_C), Some("Source"),
        "s3://uploads/birdstrikes.csv is encrypted with a customer-provided key (SSE-C), which the function does not have; copy it over itself with SSE-S3 or SSE-KMS: the copy starts a new run", Failed),
    ("object encrypted with a customer-provided key, manual start", ByHand(|call| call.bucket == UPLOADS, SSE_C), Some("Source"),
        "s3://uploads/birdstrikes.csv is encrypted with a customer-provided key (SSE-C), which the function does not have; copy it over itself with SSE-S3 or SSE-KMS: the copy starts a new run", NoRun),
    ("no permission to read, manual start", ByHand(|call| call.bucket == UPLOADS, DENIED), Some("Source"),
        "S3 refuses to read s3://uploads/birdstrikes.csv (403): the key does not exist, and without s3:ListBucket S3 says 403 instead of 404; or the role lacks s3:GetObject", NoRun),
    ("archived object", Requests(of_object, Fault::Refuse(403, "InvalidObjectState")), Some("Source"),
        "s3://uploads/birdstrikes.csv is archived (Glacier) and cannot be read; restore it, then start it again by a manual start", Failed),
    ("object overwritten mid-run", MidRun(|stage| drop(stage.upload("a,b\n"))), Some("SourceChanged"),
        "s3://uploads/birdstrikes.csv was overwritten during the run; the new upload starts its own run, and this one ends here", Failed),
    ("object deleted mid-run", MidRun(|stage| stage.platform.s3().delete(UPLOADS, KEY).unwrap()), Some("SourceChanged"),
        "s3://uploads/birdstrikes.csv was deleted during the run; what was processed before is kept", Failed),
    ("empty object", Object("rows", Vec::new), None, QUIET, Done(0)),
    ("empty object, without on_complete", Object("lines", Vec::new), None, QUIET, Done(0)),
    ("header only", Object("rows", header), None, QUIET, Done(0)),
    ("header only, without its newline", Object("rows", || header().trim_ascii_end().to_vec()), None, QUIET, Done(0)),
    ("malformed row", Object("rows", || [header(), b"a,b\n".to_vec()].concat()), Some("Record"),
        "the record does not decode: row has 2 fields, the header 14: \"a,b\" (record 0, line 2, byte 223 of s3://uploads/birdstrikes.csv)", Failed),
    ("invalid UTF-8", Object("lines", || b"first\nab\xffcd\n".to_vec()), Some("Record"),
        "the record does not decode: the line is not UTF-8 from its byte 2 on: write its encoding, for example `encoding = \"windows-1252\"`; `Batch<Vec<u8>>` takes any bytes (record 1, line 2, byte 6 of s3://uploads/birdstrikes.csv)", Failed),
    ("a record over the limit", Object("lines", || [b"first\n".to_vec(), vec![b'x'; 17 << 20]].concat()), Some("Record"),
        "the record is longer than 16777216 bytes: is `format` right? It begins with \"xxxxxxxxxxxxxxxx…\". A job over `FileBatch` reads records of any length (record 1, line 2, byte 6 of s3://uploads/birdstrikes.csv)", Failed),
    // The settings.
    ("no store configured", Variable("RECURSIVE_LAMBDA_STATE", ""), AT_START,
        "Error: RECURSIVE_LAMBDA_STATE is not set: write `s3://BUCKET/PREFIX`, a private bucket where the function may read and write, and runs are recorded there", Waits(None)),
    ("a store that is not a place", Variable("RECURSIVE_LAMBDA_STATE", "bucket"), AT_START,
        "Error: RECURSIVE_LAMBDA_STATE is `bucket`; write `s3://BUCKET/PREFIX`, with the bucket's name as S3 has it, or `none`", Waits(None)),
    ("a setting that is misspelt", Variable("RECURSIVE_LAMBDA_CHECKPOINTS", "1s"), None,
        "RECURSIVE_LAMBDA_CHECKPOINTS is not a variable of recursive-lambda; if it is misspelt, the default applies", Done(ROWS)),
    ("a lease that outlives a retry", Variable("RECURSIVE_LAMBDA_LEASE", "60s"), AT_START,
        "Error: RECURSIVE_LAMBDA_LEASE is 1m; it must be at least 2s, because the store's clock counts seconds, and at most 50s, because Lambda retries a failed event after one minute", Waits(None)),
    ("a time-out too short for `reserve`", Variable("RECURSIVE_LAMBDA_RESERVE", "10s"), None,
        "the function's time-out of 10s leaves a reserve of 2.5s instead of 10s; set the time-out to 40s or more, or a shorter reserve", Done(ROWS)),
    // The state.
    ("a store in a bucket that does not exist", Variable("RECURSIVE_LAMBDA_STATE", "s3://no-such-bucket/runs"), Some("Store"),
        "the checkpoint of the run could not be read or written: bucket `no-such-bucket`, which RECURSIVE_LAMBDA_STATE names, does not exist; create it in the function's region", Waits(None)),
    ("a store in another region", Requests(|call| call.operation == PutObject, Fault::Moved("eu-west-1")), Some("Store"),
        "the checkpoint of the run could not be read or written: bucket `state`, which RECURSIVE_LAMBDA_STATE names, is in region `eu-west-1`; name one in the function's region", Waits(None)),
    ("no permission to write to the store", Requests(|call| call.operation == PutObject, DENIED), Some("Store"),
        "the checkpoint of the run could not be read or written: the function's role needs s3:PutObject and s3:GetObject for s3://state/runs/tally/rows/RUN.json", Waits(None)),
    ("no permission to read the store", Requests(|call| call.operation == GetObject && call.bucket == STATE, DENIED), Some("Store"),
        "the checkpoint of the run could not be read or written: the function's role needs s3:GetObject and s3:ListBucket for s3://state/runs/tally/rows/RUN.json", READY),
    ("a store where uploads trigger", StoreAmongUploads, None,
        "RECURSIVE_LAMBDA_STATE is in a bucket and prefix that trigger this function: every checkpoint starts it again; move the state, or filter the trigger by prefix", Done(ROWS)),
    ("a corrupt checkpoint", Checkpoint(|checkpoint| checkpoint[..checkpoint.len() / 2].to_vec()), Some("CheckpointUnreadable"),
        "the checkpoint of the run cannot be read as one (EOF while parsing PLACE); put back what it was, or start the object again by a manual start", Waits(None)),
    ("a checkpoint with impossible numbers", Checkpoint(|checkpoint| edited(checkpoint, |checkpoint| checkpoint["offset"] = u64::MAX.into())), Some("CheckpointUnreadable"),
        "the checkpoint of the run cannot be read as one (its numbers contradict each other); put back what it was, or start the object again by a manual start", READY),
    ("a newer checkpoint", Checkpoint(|checkpoint| edited(checkpoint, |checkpoint| checkpoint["v"] = 2.into())), Some("CheckpointUnreadable"),
        "the checkpoint of the run has version 2, written by a newer recursive-lambda than this one; deploy that version again", READY),
    ("a plan that changed between invocations", Checkpoint(|checkpoint| edited(checkpoint, |checkpoint| checkpoint["plan"] = json!({ "batch": 500, "format": "csv", "hash": "0" }))), Some("PlanChanged"),
        "the job was deployed with another batch size or format while this run was in progress; the run began with batch = 500, format = csv: deploy that again and redrive this event, or start the object again by a manual start under a new name", READY),
    ("state of another type", Checkpoint(|checkpoint| edited(checkpoint, |checkpoint| checkpoint["state"] = "text".into())), Some("PlanChanged"),
        "the saved state does not read as `tally::Totals`; the type was changed during the run: deploy one that reads both, or the old one, and redrive this event", READY),
    ("started outside Lambda: says how to run locally and how to deploy", OutsideLambda, None, "Error: this program runs on AWS Lambda, but was started outside of it", NoRun),
    // The role.
    ("no permission to invoke itself", Requests(|call| call.operation == Invoke, Fault::Refuse(403, "AccessDeniedException")), Some("Invoke"),
        "the function is not allowed to invoke itself: its role needs lambda:InvokeFunction on arn:aws:lambda:us-east-1:123456789012:function:tally", READY),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_deployments_say_what_to_do() {
    let begun = std::time::Instant::now();
    let results = stream::iter(CASES).map(|case| tokio::spawn(play(*case))).buffer_unordered(8);
    let failed = results.filter(|result| ready(result.is_err())).count().await;
    assert_eq!(failed, 0, "cases failed; their messages are above");
    eprintln!("{} broken deployments in {:.1?}", CASES.len(), begun.elapsed());
}

/// Five batches for each invocation and no retries, so a dead letter has the first error.
fn once(platform: Builder) -> Builder {
    platform.retry_delays([]).env("RECURSIVE_LAMBDA_BATCHES_PER_INVOCATION", "5")
}

async fn play((name, mistake, kind, line, end): Case) {
    if matches!(mistake, OutsideLambda) {
        return start_outside(name, line);
    }
    let job = if let Object(job, _) = mistake { job } else { "rows" };
    let set = |platform| match mistake {
        Variable(name, value) => once(platform).timeout(Duration::from_secs(10)).env(name, value),
        StoreAmongUploads => once(platform).env("RECURSIVE_LAMBDA_STATE", format!("s3://{UPLOADS}/runs")),
        MidRun(_) => once(platform).env("RECURSIVE_LAMBDA_BATCHES_PER_INVOCATION", "1").env("TALLY_PAUSE", "200"),
        _ => once(platform),
    };
    let mut stage = Stage::new(job, set).await;
    let checkpoint = make(&stage, mistake).await;
    stage.settle().await;
    // Does not use `Stage::checkpoints`: a checkpoint may be unreadable, or in the bucket of the uploads.
    let bucket = if matches!(mistake, StoreAmongUploads) { UPLOADS } else { STATE };
    let checkpoints = stage.platform.s3().list(bucket, "runs/tally/").unwrap();
    let status = |stage: &Stage| {
        let checkpoint = stage.platform.s3().get(bucket, &checkpoints.first()?.key).unwrap();
        Some(serde_json::from_slice::<Value>(&checkpoint).ok()?["status"].as_str()?.to_owned())
    };
    // The platform reads a process's log separately from its responses, so the lines may arrive later.
    for _ in 0..500 {
        if line == QUIET || stage.logged().iter().any(|logged| normalized(logged).contains(line)) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_message(&stage, name, kind, line);

    let letters = stage.dead_letters();
    match end {
        NoRun => assert!(checkpoints.is_empty() && stage.executions().is_empty(), "{name}"),
        Failed => {
            assert_eq!(
                (status(&stage).as_deref(), letters.len()),
                (Some("Failed"), 1),
                "{name}: there is a dead letter for alarms"
            );
            stage.platform.send(letters[0].payload.clone());
            stage.settle().await;
            let again = stage.dead_letters().pop().unwrap();
            assert_eq!(again.error_type, "RunFailed", "{name}: the run is not retried");
            assert!(again.error_message.starts_with("the run failed: "));
        }
        Done(rows) => {
            assert_eq!((status(&stage).as_deref(), letters.len(), checkpoints.len()), (Some("Done"), 0, 1), "{name}");
            assert_eq!(stage.extra_executions(rows, name), 0);
            let reports = usize::from(job == "rows");
            assert_eq!(stage.completions().len(), reports, "{name}");
        }
        Waits(expected) => {
            assert_eq!(status(&stage).as_deref(), expected, "{name}: {}", stage.logged().join("\n"));
            let read = stage.platform.s3().counts_of(UPLOADS, KEY).gets;
            assert!(read == 0 || !checkpoints.is_empty(), "{name}: nothing is read before the first checkpoint");
            if let Some((key, good)) = checkpoint {
                stage.platform.s3().put(STATE, &key, good).unwrap();
            }
            stage = stage.redeployed(job, |platform| platform).await;
            stage.platform.send(letters.last().unwrap().payload.clone());
            stage.settle().await;
            assert_eq!(stage.assert_all_done(name), 0, "{name}: the run resumes at its position");
            assert_eq!((stage.completions().len(), stage.executions().len()), (1, BATCHES), "{name}");
        }
    }
}

/// Makes the mistake. Returns the checkpoint's key and original bytes if it was changed.
async fn make(stage: &Stage, mistake: Mistake) -> Option<(String, Vec<u8>)> {
    let mut object = match mistake {
        Object(_, bytes) => stage.upload(bytes()),
        _ => stage.upload_birdstrikes().await,
    };
    match mistake {
        Event(event) => drop(stage.platform.send(event)),
        UploadEvent(change) => {
            change(&mut object);
            stage.notify(&object);
        }
        Requests(matches, fault) => {
            stage.platform.set_faults(move |call| matches(call).then_some(fault));
            stage.notify(&object);
        }
        ByHand(matches, fault) => {
            stage.platform.set_faults(move |call| matches(call).then_some(fault));
            stage.platform.notify(&Channel::Manual("by-hand".into()), UPLOADS, KEY).unwrap();
        }
        Object(..) | Variable(..) => stage.notify(&object),
        MidRun(change) => {
            stage.notify(&object);
            stage.batches_begun(3).await;
            change(stage);
        }
        Checkpoint(edit) => {
            // Without its signal, the run stops after the first invocation. Sending the dead letter again resumes it.
            stage.platform.set_faults(|call| (call.operation == Invoke).then_some(DENIED));
            stage.notify(&object);
            stage.settle().await;
            stage.platform.clear_faults();
            let key = stage.platform.s3().list(STATE, "runs/tally/").unwrap().pop().unwrap().key;
            let good = stage.platform.s3().get(STATE, &key).unwrap().to_vec();
            stage.platform.s3().put(STATE, &key, edit(&good)).unwrap();
            stage.platform.send(stage.dead_letters().pop().unwrap().payload);
            return Some((key, good));
        }
        OutsideLambda => {}
        StoreAmongUploads => {
            stage.notify(&object);
            stage.settle().await;
            let checkpoint = stage.platform.s3().list(UPLOADS, "runs/").unwrap().pop().unwrap();
            stage.notify(&checkpoint);
        }
    }
    None
}

fn start_outside(name: &str, line: &str) {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_tally"));
    let output = program.env_clear().env("TALLY_LOG", folder.path().join("log")).env("RUST_BACKTRACE", "1").output().unwrap();
    let logged = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), logged.lines().next()), (Some(1), Some(line)), "{name}: {logged}");
    let advice = ["cargo recursive-lambda run FILE", "cargo lambda build --release"];
    assert!(advice.iter().all(|words| logged.contains(words)) && logged.lines().count() <= 4, "{name}: {logged}");
}

fn assert_message(stage: &Stage, name: &str, kind: Option<&str>, line: &str) {
    let logged: Vec<_> = stage.logged().iter().map(|line| normalized(line)).collect();
    let letters = stage.dead_letters();
    let letter = letters.last();
    assert_eq!(letter.map(|letter| letter.error_type.as_str()), kind, "{name}: {letters:?}\n{}", logged.join("\n"));
    if let Some(letter) = letter.filter(|_| kind != AT_START) {
        assert_eq!(normalized(letter.error_message.lines().next().unwrap()), line, "{name}");
    }
    let alerts: Vec<_> =
        logged.iter().filter(|line| ["ERROR", "WARN", "Error:"].iter().any(|level| line.contains(level))).collect();
    if line == QUIET {
        assert!(alerts.is_empty(), "{name}: {alerts:?}");
    } else {
        assert!(alerts.iter().any(|alert| alert.contains(line)), "{name}: no {line:?} in\n{}", logged.join("\n"));
    }
    assert!(line.len() <= 240, "{name}: {} bytes", line.len());
    assert!(!logged.iter().any(|line| line.contains(['\u{1b}', '\u{202e}'])), "{name}: foreign text is escaped");
}

/// Replaces what differs from run to run.
fn normalized(line: &str) -> String {
    let is_run = |part: &&str| part.len() == 32 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let run = line.split(|character: char| !character.is_ascii_alphanumeric()).find(is_run);
    let line = run.map_or(line.to_owned(), |run| line.replace(run, "RUN"));
    match (line.find("EOF while parsing "), line.find("); put back")) {
        (Some(start), Some(end)) => format!("{}EOF while parsing PLACE{}", &line[..start], &line[end..]),
        _ => line,
    }
}
