//! The shapes of events, told apart by their fields.
//!
//! Each channel wraps the next as text: a queue's message may hold a topic's envelope that holds an S3 notification. What
//! is at fault in one record spoils that record only, unless it leaves unclear which message to hand back.

use super::fields::{Fields, unknown};
use super::names::{self, Checked};
use super::{Channel, Delivery, Item, Signal, Start, Trigger};
use crate::Error;

/// Documents within documents: AWS nests three, SQS around SNS around S3.
const MAX_DEPTH: usize = 4;

/// Twice the most messages a queue hands over at once: a real event's 6 MiB hold fewer records, a forged one's 2 million.
const MAX_ITEMS: usize = 20_000;

/// The only version of the sweep's event that there is.
const SWEEP_VERSION: u64 = 1;

/// The only version of the event that resumes a run.
const RESUME_VERSION: u64 = 1;

/// What the function was invoked with -> what it is asked to do.
///
/// # Errors
/// The event as a whole is none that is understood. What is wrong with one record or message is in its item.
pub(crate) fn parse(event: &[u8]) -> Result<Delivery, Error> {
    let text = std::str::from_utf8(event).map_err(|_| unknown("", "is not UTF-8"))?;
    let event = Fields::of(text, String::new())?;
    let mut items = Items::default();
    let records = event.objects("Records", MAX_ITEMS)?;
    let channel = if records.iter().any(|record| record.has("messageId") || record.has("body")) {
        items.add_messages(&records)?;
        let of_fifo = |arn: String| arn.ends_with(".fifo");
        let fifo = records.first().map_or(Ok(None), |first| first.text_if_any("eventSourceARN"))?.is_some_and(of_fifo);
        Channel::Sqs { fifo }
    } else {
        items.add_document(&event, 1)?;
        Channel::Other
    };
    Ok(Delivery { items: items.found, channel })
}

#[derive(Default)]
struct Items {
    found: Vec<Item>,
    /// The message being read.
    message_id: Option<String>,
}

impl Items {
    fn add(&mut self, trigger: Result<Trigger, Error>) {
        self.found.push(Item { message_id: self.message_id.clone(), trigger });
    }

    fn add_messages(&mut self, messages: &[Fields<'_>]) -> Result<(), Error> {
        for message in messages {
            self.message_id = Some(message.name("messageId", names::token)?);
            let before = self.found.len();
            if let Err(error) = self.add_text(message, "body", 1) {
                self.add(Err(error));
            } else if self.found.len() == before {
                self.add(Ok(Trigger::Nothing("no records")));
            }
        }
        Ok(())
    }

    /// A document that is the text of a field.
    fn add_text(&mut self, outer: &Fields<'_>, name: &str, depth: usize) -> Result<(), Error> {
        if depth == MAX_DEPTH {
            return Err(outer.fault(name, "is nested deeper than any event of AWS"));
        }
        let text = outer.text(name)?;
        self.add_document(&Fields::of(&text, outer.place_of(name))?, depth + 1)
    }

    fn add_document(&mut self, event: &Fields<'_>, depth: usize) -> Result<(), Error> {
        if event.has("recursive_lambda") {
            self.add(Signal::read(event).map(Trigger::Signal));
        } else if event.has("recursive_lambda_sweep") {
            self.add(of_a_schedule(event));
        } else if event.has("recursive_lambda_resume") {
            self.add(of_an_operator(event));
        } else if event.has("Records") {
            self.add_records(event, depth)?;
        } else if event.has("detail-type") {
            self.add(of_event_bridge(event));
        } else if event.has("Message") {
            self.add_text(event, "Message", depth)?;
        } else if event.has("bucket") {
            self.add(of_a_person(event));
        } else if event.has("Event") && event.text("Event")? == "s3:TestEvent" {
            self.add(Ok(Trigger::Nothing("s3:TestEvent")));
        } else {
            return Err(event.unknown());
        }
        Ok(())
    }

    fn add_records(&mut self, event: &Fields<'_>, depth: usize) -> Result<(), Error> {
        for record in event.objects("Records", MAX_ITEMS.saturating_sub(self.found.len()))? {
            if record.has("s3") {
                self.add(of_s3(&record));
            } else if record.has("Sns") {
                let added = record.object("Sns").and_then(|sns| self.add_text(&sns, "Message", depth));
                added.unwrap_or_else(|error| self.add(Err(error)));
            } else {
                self.add(Err(record.unknown()));
            }
        }
        Ok(())
    }
}

fn of_s3(record: &Fields<'_>) -> Result<Trigger, Error> {
    let version = record.text_if_any("eventVersion")?;
    if version.is_some_and(|version| version != "2" && !version.starts_with("2.")) {
        return Err(record.fault("eventVersion", "is not 2.x, the only notifications this release understands"));
    }
    // Required although the rest is lenient: a deletion taken for an upload is worse than an error.
    let name = record.text("eventName")?;
    if !name.strip_prefix("s3:").unwrap_or(&name).starts_with("ObjectCreated:") {
        return Ok(Trigger::Nothing("not a creation"));
    }
    let region = record.name_if_any("awsRegion", names::region)?;
    of_upload(&record.object("s3")?, region, names::form_encoded_key)
}

fn of_event_bridge(event: &Fields<'_>) -> Result<Trigger, Error> {
    if event.text("source")? != "aws.s3" {
        return Err(event.fault("source", "is not aws.s3"));
    }
    if event.text("detail-type")? != "Object Created" {
        return Ok(Trigger::Nothing("not a creation"));
    }
    let region = event.name_if_any("region", names::region)?;
    of_upload(&event.object("detail")?, region, names::key)
}

/// What S3 says of an upload. Its two channels spell two fields differently, and stand-ins mix them.
fn of_upload(upload: &Fields<'_>, region: Option<String>, key: fn(String) -> Checked) -> Result<Trigger, Error> {
    let bucket = upload.object("bucket")?.name("name", names::bucket)?;
    let object = upload.object("object")?;
    let either = |one: &str, other: &str, check: fn(String) -> Checked| {
        object.name_if_any(if object.has(one) { one } else { other }, check)
    };
    let start = Start {
        bucket,
        key: object.name("key", key)?,
        region,
        version: either("versionId", "version-id", names::token)?.filter(|version| version != "null"),
        etag: either("eTag", "etag", names::etag)?,
        size: object.number_if_any("size")?,
        sequencer: object.name_if_any("sequencer", names::token)?,
        name: None,
    };
    if start.size == Some(0) && start.key.ends_with('/') {
        return Ok(Trigger::Nothing("a folder's marker"));
    }
    Ok(Trigger::Start(start))
}

fn of_a_schedule(event: &Fields<'_>) -> Result<Trigger, Error> {
    event.only(&["recursive_lambda_sweep"])?;
    let sweep = event.object("recursive_lambda_sweep")?;
    let version = sweep.number("v")?;
    if version != SWEEP_VERSION {
        return Err(sweep.fault("v", &format!("is {version}, and this code knows {SWEEP_VERSION} only")));
    }
    sweep.only(&["v"])?;
    Ok(Trigger::Sweep)
}

fn of_an_operator(event: &Fields<'_>) -> Result<Trigger, Error> {
    event.only(&["recursive_lambda_resume"])?;
    let resume = event.object("recursive_lambda_resume")?;
    let version = resume.number("v")?;
    if version != RESUME_VERSION {
        return Err(resume.fault("v", &format!("is {version}, and this code knows {RESUME_VERSION} only")));
    }
    resume.only(&["v", "run"])?;
    Ok(Trigger::Resume { run: resume.name("run", names::run)? })
}

fn of_a_person(event: &Fields<'_>) -> Result<Trigger, Error> {
    event.only(&["bucket", "key", "run", "version"])?;
    Ok(Trigger::Start(Start {
        bucket: event.name("bucket", names::bucket)?,
        key: event.name("key", names::key)?,
        region: None,
        version: event.name_if_any("version", names::token)?,
        etag: None,
        size: None,
        sequencer: None,
        name: Some(event.name("run", names::run)?),
    }))
}
