//! Reads the attribute's arguments.
//!
//! [`KEYS`] is the one table of them. Parsing, help and suggestions come from it, and a new argument is a new line there. Nothing
//! here looks at the function.

use crate::encoding;
use crate::entry::{Entry, Form, read_comma, skip};
use crate::errors::Errors;
use crate::handler::Handler;
use crate::krate::place_of;
use crate::shards;
use crate::suggest::nearest;
use crate::values::{self, Batch, Encoding, FORMATS, Format, OnError, Shards, Word};
use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use std::time::Duration;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{ExprPath, Ident, Lit, LitInt, Path, Token};

/// The arguments, checked.
pub(crate) struct Args {
    pub(crate) batch: Batch,
    pub(crate) format: Format,
    pub(crate) is_complete: Option<ExprPath>,
    pub(crate) on_complete: Option<ExprPath>,
    pub(crate) reserve: Option<Duration>,
    pub(crate) batches_per_invocation: Option<LitInt>,
    pub(crate) concurrency: Option<LitInt>,
    pub(crate) source: Option<Word>,
    pub(crate) compression: Option<Word>,
    pub(crate) encoding: Option<Encoding>,
    pub(crate) on_error: Option<OnError>,
    pub(crate) shards: Option<Shards>,
    pub(crate) merge: Option<ExprPath>,
}

impl Args {
    /// The number of batches in flight at once, if there may be several.
    pub(crate) fn several_at_once(&self) -> Option<&LitInt> {
        self.concurrency.as_ref().filter(|number| !matches!(number.base10_parse(), Ok(1_u64)))
    }

    /// Refuses arguments that do not fit the function.
    pub(crate) fn fit(self, handler: &Handler<'_>, errors: &mut Errors) -> Option<Self> {
        match (self.several_at_once(), handler.state) {
            (Some(number), Some(_)) => errors.refuse(
                number,
                "state passes from one batch to the next, so only one batch can be in flight: remove `concurrency`, or take \
                 shared resources by `&` instead of the `&mut` parameter",
            ),
            _ => shards::fit(self, handler, errors),
        }
    }
}

/// A known argument.
pub(crate) struct Key {
    pub(crate) form: Form,
    read: fn(&mut Draft, &mut Entry<'_>),
}

pub(crate) const KEYS: &[Key] = &[
    Key {
        form: Form { name: "batch", takes: "a whole number, or the path of a `const` of type `usize`", example: "batch = 400" },
        read: |draft, entry| draft.batch.set_once(entry, values::batch),
    },
    Key {
        form: Form {
            name: "format",
            takes: "`lines`, `csv`, `tsv`, `jsonl`, `json`, or the path of a type that implements `Format`",
            example: "format = csv",
        },
        read: |draft, entry| draft.format.set_once(entry, values::format),
    },
    Key {
        form: Form {
            name: "is_complete",
            takes: "the path of a function of `&Progress`, and of `&S` if the job has state",
            example: "is_complete = enough",
        },
        read: |draft, entry| draft.is_complete.set_once(entry, values::function),
    },
    Key {
        form: Form {
            name: "on_complete",
            takes: "the path of an async function of `&Summary`, then `&S` and `&R` if the job has them",
            example: "on_complete = report",
        },
        read: |draft, entry| draft.on_complete.set_once(entry, values::function),
    },
    Key {
        form: Form { name: "reserve", takes: "a duration, in quotes", example: "reserve = \"20s\"" },
        read: |draft, entry| draft.reserve.set_once(entry, values::duration),
    },
    Key {
        form: Form { name: "batches_per_invocation", takes: "a whole number", example: "batches_per_invocation = 1" },
        read: |draft, entry| draft.batches_per_invocation.set_once(entry, values::count),
    },
    Key {
        form: Form { name: "concurrency", takes: "a whole number", example: "concurrency = 8" },
        read: |draft, entry| draft.concurrency.set_once(entry, values::count),
    },
    Key {
        form: Form { name: "source", takes: "`stream` or `tmp`", example: "source = tmp" },
        read: |draft, entry| draft.source.set_once(entry, values::source),
    },
    Key {
        form: Form { name: "compression", takes: "`auto`, `none`, `gzip` or `zstd`", example: "compression = gzip" },
        read: |draft, entry| draft.compression.set_once(entry, values::compression),
    },
    Key {
        form: Form {
            name: "encoding",
            takes: "a label of the Encoding Standard, in quotes, or `replace(\"..\")`",
            example: "encoding = \"windows-1252\"",
        },
        read: |draft, entry| draft.encoding.set_once(entry, encoding::read),
    },
    Key {
        form: Form { name: "on_error", takes: "`stop` or `skip(N)`", example: "on_error = skip(100)" },
        read: |draft, entry| draft.on_error.set_once(entry, values::on_error),
    },
    Key {
        form: Form { name: "shards", takes: "a number from 2 to 1,000, or `auto`", example: "shards = 16" },
        read: |draft, entry| draft.shards.set_once(entry, values::shards),
    },
    Key {
        form: Form { name: "merge", takes: "the path of a function of `&mut S` and `S`", example: "merge = add" },
        read: |draft, entry| draft.merge.set_once(entry, values::function),
    },
    Key {
        form: Form { name: "crate", takes: "the path of this crate", example: "crate = ::recursive_lambda" },
        read: |draft, entry| draft.krate.set_once(entry, values::path),
    },
];

/// Words that people write as arguments, but that belong elsewhere.
enum Elsewhere {
    /// Set per deployment, by the environment variable `RECURSIVE_LAMBDA_..`.
    Setting(&'static str),
    /// Why not here, and what to do instead.
    Hint(&'static str),
}

use self::Elsewhere::{Hint, Setting};

const ELSEWHERE: &[(&str, Elsewhere)] = &[
    ("state", Setting("STATE")),
    ("lease", Setting("LEASE")),
    ("checkpoint", Setting("CHECKPOINT")),
    ("max_attempts", Setting("MAX_ATTEMPTS")),
    ("attempts", Setting("MAX_ATTEMPTS")),
    ("retry_for", Setting("RETRY_FOR")),
    ("retries", Setting("MAX_ATTEMPTS")),
    ("max_retries", Setting("MAX_ATTEMPTS")),
    ("max_invocations", Setting("MAX_INVOCATIONS")),
    ("buckets", Setting("BUCKETS")),
    ("skip", Hint("but a value of `on_error`: write `on_error = skip(100)`")),
    (
        "timeout",
        Hint(
            "because the time-out belongs to the function: set it where the function is deployed, and `reserve` for the time kept free before it",
        ),
    ),
];

#[derive(Default)]
struct Draft {
    batch: Slot<Batch>,
    format: Slot<Format>,
    is_complete: Slot<ExprPath>,
    on_complete: Slot<ExprPath>,
    reserve: Slot<Duration>,
    batches_per_invocation: Slot<LitInt>,
    concurrency: Slot<LitInt>,
    source: Slot<Word>,
    compression: Slot<Word>,
    encoding: Slot<Encoding>,
    on_error: Slot<OnError>,
    shards: Slot<Shards>,
    merge: Slot<ExprPath>,
    krate: Slot<Path>,
}

/// An argument that may be given once. It remembers that it was given even if its value was refused.
struct Slot<T>(Option<(Ident, Option<T>)>);

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Slot<T> {
    fn set_once(&mut self, entry: &mut Entry<'_>, read: fn(&mut Entry<'_>) -> Option<T>) {
        let value = entry.equals().and_then(|()| read(entry));
        if value.is_none() {
            skip(entry.input);
        }
        match &self.0 {
            None => self.0 = Some((entry.name.clone(), value)),
            Some((first, _)) => {
                let message = format!("`{}` is given twice: remove one of them", entry.form.name);
                entry.errors.refuse_second::<()>(first, &entry.name, message);
            }
        }
    }

    /// Counts as given although its value is unusable, so that it is not reported as missing, too.
    fn assume(&mut self, at: &impl ToTokens) {
        self.0.get_or_insert_with(|| (Ident::new("given", place_of(at)), None));
    }

    fn value(self) -> Option<T> {
        self.0.and_then(|(_, value)| value)
    }
}

/// Reads the arguments, and the path of this crate even if they are refused, because the stub of the job needs it.
pub(crate) fn read(tokens: TokenStream, errors: &mut Errors) -> (Option<Args>, Option<Path>) {
    let bare = tokens.is_empty();
    let parsed = (|input: ParseStream<'_>| {
        let mut draft = Draft::default();
        while !input.is_empty() {
            if let Ok(comma) = input.parse::<Token![,]>() {
                errors.refuse::<()>(comma, "unexpected comma: remove it");
                continue;
            }
            read_entry(input, &mut draft, errors);
            read_comma(input, |name| KEYS.iter().any(|key| name == key.form.name), errors);
        }
        Ok(draft)
    })
    .parse2(tokens);
    let draft = match parsed {
        Ok(draft) => draft,
        Err(error) => return (errors.refuse_at(error.span(), error), None),
    };
    if draft.batch.0.is_none() {
        let write = if bare { "#[recursive_lambda(batch = 400)]" } else { "batch = 400" };
        let message = format!("`batch` is missing, the number of records per call: write `{write}`");
        errors.refuse_at::<()>(Span::call_site(), message);
    }
    let krate = draft.krate.value();
    let args = draft.batch.value().map(|batch| Args {
        batch,
        format: draft.format.value().unwrap_or(Format::Named { ty: "Lines", options: Vec::new(), place: Span::call_site() }),
        is_complete: draft.is_complete.value(),
        on_complete: draft.on_complete.value(),
        reserve: draft.reserve.value(),
        batches_per_invocation: draft.batches_per_invocation.value(),
        concurrency: draft.concurrency.value(),
        source: draft.source.value(),
        compression: draft.compression.value(),
        encoding: draft.encoding.value(),
        on_error: draft.on_error.value(),
        shards: draft.shards.value(),
        merge: draft.merge.value(),
    });
    (args, krate)
}

/// Reads `key = value`, or refuses it and skips it.
fn read_entry(input: ParseStream<'_>, draft: &mut Draft, errors: &mut Errors) {
    match input.fork().parse::<Lit>() {
        Ok(Lit::Int(number)) => {
            errors.refuse::<()>(&number, format!("this number needs a name: write `batch = {number}`"));
            draft.batch.assume(&number);
            return skip(input);
        }
        Ok(value) => {
            errors.refuse::<()>(value, "this value needs a name: an argument is a name, `=` and a value, as in `batch = 400`");
            return skip(input);
        }
        Err(_) => {}
    }
    let Ok(name) = input.call(Ident::parse_any) else {
        errors.refuse_at::<()>(input.span(), "an argument is a name, `=` and a value: write `batch = 400`");
        return skip(input);
    };
    match find(&name, input, errors) {
        Some(key) => (key.read)(draft, &mut Entry { form: key.form, name, input, errors }),
        None => skip(input),
    }
}

/// The key with this name. A misspelt name is refused and then treated as the one it resembles, so that this is not reported as
/// missing, too.
fn find(name: &Ident, input: ParseStream<'_>, errors: &mut Errors) -> Option<&'static Key> {
    let written = name.to_string();
    if let Some(key) = KEYS.iter().find(|key| key.form.name == written) {
        return Some(key);
    }
    if let Some((_, elsewhere)) = ELSEWHERE.iter().find(|(known, _)| *known == written) {
        let message = match elsewhere {
            Setting(variable) => format!(
                "`{written}` is not an argument, because it depends on the deployment: set the environment variable \
                 `RECURSIVE_LAMBDA_{variable}`"
            ),
            Hint(hint) => format!("`{written}` is not an argument, {hint}"),
        };
        return errors.refuse(name, message);
    }
    if FORMATS.iter().any(|(format, _)| *format == written) && !input.peek(Token![=]) {
        return errors.refuse(name, format!("`{written}` is a value without its name: write `format = {written}`"));
    }
    match nearest(&written, KEYS.iter().map(|key| key.form.name)) {
        Some(near) => {
            errors.refuse::<()>(name, format!("unknown argument `{written}`: did you mean `{near}`?"));
            KEYS.iter().find(|key| key.form.name == near)
        }
        None => {
            let known: Vec<_> = KEYS.iter().map(|key| format!("`{}`", key.form.name)).collect();
            errors.refuse(name, format!("unknown argument `{written}`: the arguments are {}", known.join(", ")))
        }
    }
}
