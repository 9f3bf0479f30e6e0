//! The shapes of events, told apart by their fields.
//!
//! Each channel wraps the next as text: a queue's message may hold a topic's envelope that holds an S3 notification. An error in
//! one record affects only that record, unless it is then unclear which message to give back. Uploads themselves are read in
//! [`uploads`].

use super::fields::{Fields, elements, unknown};
use super::{Channel, Delivery, Item, NamedObject, Request, Signal, command, names, uploads};
use crate::Error;

/// Documents within documents: AWS nests three, SQS around SNS around S3.
const MAX_DEPTH: usize = 4;

/// How deep records of failed invocations may nest: an event that is redriven and fails again is wrapped once more.
const MAX_REDRIVES: usize = 10;

/// Twice the most messages that a queue delivers at once. A real event of 6 MiB holds fewer records; a forged one could hold 2
/// million.
const MAX_ITEMS: usize = 20_000;

/// The only version of the sweep's event.
const SWEEP_VERSION: u64 = 1;

/// What the function was invoked with -> what it is asked to do.
///
/// # Errors
/// The event as a whole is unrecognised. An error in one record or message is in its item.
pub fn parse(event: &[u8]) -> Result<Delivery, Error> {
    let text = std::str::from_utf8(event).map_err(|_| unknown("", "is not UTF-8"))?;
    let mut items = Items::default();
    let channel = if text.trim_start().starts_with('[') {
        items.add_pipe(elements(text, "", MAX_ITEMS)?)?
    } else {
        items.add_event(&Fields::of(text, String::new())?)?
    };
    Ok(Delivery { items: items.found, channel })
}

/// Whether this is a message of a queue, rather than something inside one.
fn is_message(record: &Fields<'_>) -> bool {
    record.has("messageId") || record.has("body")
}

/// The depth of the current document.
#[derive(Clone, Copy)]
struct Depth {
    documents: usize,
    redrives: usize,
}

impl Depth {
    const TOP: Self = Self { documents: 1, redrives: 0 };
}

#[derive(Default)]
struct Items {
    found: Vec<Item>,
    /// The current message.
    message_id: Option<String>,
}

impl Items {
    fn add(&mut self, trigger: Result<Request, Error>) {
        self.found.push(Item { message_id: self.message_id.clone(), trigger });
    }

    fn add_event(&mut self, event: &Fields<'_>) -> Result<Channel, Error> {
        if event.has("invocationSchemaVersion") {
            return self.add_tasks(event);
        }
        let records = event.objects("Records", MAX_ITEMS)?;
        if records.iter().any(is_message) {
            return self.add_messages(&records);
        }
        self.add_document(event, Depth::TOP)?;
        Ok(Channel::Other)
    }

    /// What an EventBridge pipe gives: messages of its queue, or events of another source or of its enrichment.
    fn add_pipe(&mut self, elements: Vec<Result<Fields<'_>, Error>>) -> Result<Channel, Error> {
        if elements.is_empty() {
            return Err(unknown("", "is an empty array"));
        }
        if elements.iter().flatten().any(is_message) {
            return self.add_messages(&elements.into_iter().collect::<Result<Vec<_>, _>>()?);
        }
        for element in elements {
            let added = element.and_then(|element| self.add_document(&element, Depth::TOP));
            added.unwrap_or_else(|error| self.add(Err(error)));
        }
        Ok(Channel::Pipe)
    }

    fn add_messages(&mut self, messages: &[Fields<'_>]) -> Result<Channel, Error> {
        for message in messages {
            self.message_id = Some(message.name("messageId", names::token)?);
            let before = self.found.len();
            if let Err(error) = self.add_text(message, "body", Depth::TOP) {
                self.add(Err(error));
            } else if self.found.len() == before {
                self.add(Ok(Request::Nothing("no records")));
            }
        }
        let queue = messages.first().map_or(Ok(None), |first| first.text_if_any("eventSourceARN"))?;
        Ok(Channel::Sqs { fifo: queue.is_some_and(|arn| arn.ends_with(".fifo")) })
    }

    /// The tasks of S3 Batch Operations.
    fn add_tasks(&mut self, event: &Fields<'_>) -> Result<Channel, Error> {
        let schema = event.text("invocationSchemaVersion")?;
        if !matches!(schema.as_str(), "1.0" | "2.0") {
            return Err(event.fault("invocationSchemaVersion", "is neither 1.0 nor 2.0, the only versions this release knows"));
        }
        let invocation_id = event.name("invocationId", names::token)?;
        let job = event.object("job")?.name("id", names::token)?;
        for task in event.objects("tasks", MAX_ITEMS)? {
            self.message_id = Some(task.name("taskId", names::token)?);
            self.add(uploads::of_task(&task, &job));
        }
        Ok(Channel::BatchOperations { schema, invocation_id })
    }

    /// A document that is the text of a field.
    fn add_text(&mut self, outer: &Fields<'_>, name: &str, depth: Depth) -> Result<(), Error> {
        if depth.documents == MAX_DEPTH {
            return Err(outer.fault(name, "is nested deeper than any event of AWS"));
        }
        let text = outer.text(name)?;
        let depth = Depth { documents: depth.documents + 1, ..depth };
        self.add_document(&Fields::of(&text, outer.place_of(name))?, depth)
    }

    fn add_document(&mut self, event: &Fields<'_>, depth: Depth) -> Result<(), Error> {
        if event.has("recursive_lambda") {
            self.add(Signal::read(event).map(Request::Signal));
        } else if event.has("recursive_lambda_sweep") {
            self.add(of_a_schedule(event));
        } else if let Some(action) = command::action_of(event) {
            self.add(command::read(event, action));
        } else if event.has("requestPayload") || (event.has("requestContext") && event.has("responseContext")) {
            self.add_failed(event, depth)?;
        } else if event.has("Records") {
            self.add_records(event, depth)?;
        } else if event.has("detail-type") {
            self.add_event_bridge(event, depth)?;
        } else if event.has("Message") {
            is_notification(event)?;
            self.add_text(event, "Message", depth)?;
        } else if event.has("bucket") && event.has("object") {
            self.add(uploads::of_detail(event));
        } else if event.has("bucket") {
            self.add(of_a_person(event));
        } else if event.has("eventName") && event.has("requestParameters") {
            self.add(uploads::of_call(event, None));
        } else if event.has("Event") && event.text("Event")? == "s3:TestEvent" {
            self.add(Ok(Request::Nothing("s3:TestEvent")));
        } else {
            return Err(event.unknown());
        }
        Ok(())
    }

    fn add_event_bridge(&mut self, event: &Fields<'_>, depth: Depth) -> Result<(), Error> {
        if event.text_if_any("source")?.as_deref() == Some("lambda") {
            return self.add_failed(&event.object("detail")?, depth);
        }
        self.add(uploads::of_event_bridge(event));
        Ok(())
    }

    /// Lambda's record of an asynchronous invocation, as its destination receives it. The failed event is tried again unchanged.
    ///
    /// A record of a success is an error: running it again would repeat finished work, and acknowledging it would hide that
    /// someone expected a run to start.
    fn add_failed(&mut self, record: &Fields<'_>, depth: Depth) -> Result<(), Error> {
        let depth = Depth { redrives: depth.redrives + 1, ..depth };
        if depth.redrives > MAX_REDRIVES {
            let what = format!(
                "is the record of an invocation that failed and was redriven more than {MAX_REDRIVES} times; send what is in the innermost one"
            );
            return Err(record.fault("requestPayload", &what));
        }
        if record.has("requestContext")
            && record.object("requestContext")?.text_if_any("condition")?.as_deref() == Some("Success")
        {
            let what =
                "is `Success`: this invocation succeeded, and there is nothing to do again; redrive only those that failed";
            return Err(record.object("requestContext")?.fault("condition", what));
        }
        let Some(payload) = record.raw("requestPayload") else {
            let what = "is missing: Lambda leaves it out of a record that would be too large for its destination";
            return Err(record.fault("requestPayload", what));
        };
        let place = record.place_of("requestPayload");
        if !payload.get().starts_with('[') {
            return self.add_document(&Fields::of(payload.get(), place)?, depth);
        }
        for element in elements(payload.get(), &place, MAX_ITEMS.saturating_sub(self.found.len()))? {
            let added = element.and_then(|element| match is_message(&element) {
                true => self.add_text(&element, "body", depth),
                false => self.add_document(&element, depth),
            });
            added.unwrap_or_else(|error| self.add(Err(error)));
        }
        Ok(())
    }

    fn add_records(&mut self, event: &Fields<'_>, depth: Depth) -> Result<(), Error> {
        for record in event.objects("Records", MAX_ITEMS.saturating_sub(self.found.len()))? {
            if record.has("s3") {
                self.add(uploads::of_s3(&record));
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

/// Whether a topic's envelope holds a message rather than a notice about a subscription.
fn is_notification(envelope: &Fields<'_>) -> Result<(), Error> {
    let what = match envelope.text_if_any("Type")?.as_deref() {
        Some("SubscriptionConfirmation") => {
            "is `SubscriptionConfirmation`: a topic asks whether to send its messages here, and sends none until someone opens the \
             `SubscribeURL` of this event; subscribe the function or its queue itself, which needs no confirmation"
        }
        Some("UnsubscribeConfirmation") => {
            "is `UnsubscribeConfirmation`: someone ended the topic's subscription; if that is wrong, open the `SubscribeURL` of this event"
        }
        _ => return Ok(()),
    };
    Err(envelope.fault("Type", what))
}

fn of_a_schedule(event: &Fields<'_>) -> Result<Request, Error> {
    event.only(&["recursive_lambda_sweep"])?;
    let sweep = event.object("recursive_lambda_sweep")?;
    let version = sweep.number("v")?;
    if version != SWEEP_VERSION {
        return Err(sweep.fault("v", &format!("is {version}, and this release only knows {SWEEP_VERSION}")));
    }
    sweep.only(&["v"])?;
    Ok(Request::Sweep)
}

fn of_a_person(event: &Fields<'_>) -> Result<Request, Error> {
    event.only(&["bucket", "key", "run", "version"])?;
    Ok(Request::Start(NamedObject {
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
