//! Reads the value of one argument: the kinds of values, and the messages for wrong ones.
//!
//! A value may be in the invisible groups that `macro_rules!` puts around `$value:expr`; they are ignored.

use crate::entry::Entry;
use crate::format_options;
use crate::suggest::nearest;
use crate::types::peel;
use crate::value::{bare, expression, ident, list, refuse_at, refuse_kind, text, unquote};
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use std::time::Duration;
use syn::{Expr, ExprLit, ExprPath, Ident, Lit, LitInt, LitStr, Path, PathArguments, Type, TypePath, UnOp, token};

/// Records per call.
pub(crate) enum Batch {
    Number(LitInt),
    /// A constant. Only the compiler knows its value.
    Const(ExprPath),
}

/// How bytes become records.
pub(crate) enum Format {
    /// One of this crate's: the name of its type, and the calls that set its options.
    Named { ty: &'static str, options: Vec<TokenStream>, place: Span },
    /// The user's own.
    Type(TypePath),
}

/// A word that names a variant: of `recursive_lambda::Source` or `recursive_lambda::Compression`.
pub(crate) struct Word {
    pub(crate) variant: &'static str,
    pub(crate) place: Span,
}

/// How bytes become UTF-8.
pub(crate) struct Encoding {
    pub(crate) label: LitStr,
    /// Whether bytes that cannot be decoded become U+FFFD.
    pub(crate) replaces: bool,
}

/// What happens when a record or a batch cannot be processed.
pub(crate) enum OnError {
    Stop,
    /// Up to this many records may be skipped.
    Skip(LitInt),
}

/// How many shards a run has.
pub(crate) enum Shards {
    Exactly(LitInt),
    Auto(Span),
}

impl Shards {
    pub(crate) fn place(&self) -> Span {
        match self {
            Self::Exactly(number) => number.span(),
            Self::Auto(place) => *place,
        }
    }
}

/// The formats that have a word of their own, and their types in `recursive_lambda::format`.
pub(crate) const FORMATS: &[(&str, &str)] =
    &[("lines", "Lines"), ("csv", "Csv"), ("tsv", "Csv"), ("jsonl", "Jsonl"), ("json", "Json")];

pub(crate) fn batch(entry: &mut Entry<'_>) -> Option<Batch> {
    match expression(entry)? {
        Expr::Path(path) => Some(Batch::Const(path)),
        value @ (Expr::Lit(_) | Expr::Unary(_) | Expr::Closure(_)) => number(entry, value).map(Batch::Number),
        value => {
            let written = value.to_token_stream();
            entry.refuse(
                value,
                format!("`batch` takes a number or a constant: write `const BATCH: usize = {written};` and `batch = BATCH`"),
            )
        }
    }
}

pub(crate) fn count(entry: &mut Entry<'_>) -> Option<LitInt> {
    let value = expression(entry)?;
    number(entry, value)
}

fn number(entry: &mut Entry<'_>, value: Expr) -> Option<LitInt> {
    let (name, example) = (entry.form.name, entry.form.example);
    let number = match value {
        Expr::Lit(value) => match value.lit {
            Lit::Int(number) => number,
            Lit::Str(text) => {
                let write = match text.value().trim().parse::<u64>() {
                    Ok(number) if number > 0 => format!("{name} = {number}"),
                    _ => example.to_owned(),
                };
                return entry.refuse(text, format!("`{name}` is a number, not text: write it without quotes, `{write}`"));
            }
            other => return entry.refuse(other, format!("`{name}` must be a whole number: write `{example}`")),
        },
        Expr::Unary(value) if matches!(value.op, UnOp::Neg(_)) => {
            return entry.refuse(value, format!("`{name}` cannot be negative, it is a count: write `{example}`"));
        }
        other => return refuse_kind(entry, other),
    };
    if !number.suffix().is_empty() {
        let (digits, suffix) = (number.base10_digits().to_owned(), number.suffix().to_owned());
        return entry.refuse(number, format!("`{name}` already has a type: write `{name} = {digits}`, without `{suffix}`"));
    }
    match number.base10_parse::<u64>() {
        Ok(0) => entry.refuse(number, format!("`{name}` must be at least 1, or a run would make no progress: write `{example}`")),
        Ok(_) => Some(number),
        Err(_) => entry.refuse(number, format!("`{name}` is too large, it must fit into 64 bits: write `{example}`")),
    }
}

pub(crate) fn duration(entry: &mut Entry<'_>) -> Option<Duration> {
    let name = entry.form.name;
    let text = match expression(entry)? {
        Expr::Lit(value) => match value.lit {
            Lit::Str(text) => text,
            Lit::Int(number) => {
                let unit = if number.suffix().is_empty() { "s" } else { number.suffix() };
                let write = format!("{name} = \"{}{unit}\"", number.base10_digits());
                return entry.refuse(number, format!("`{name}` is a duration with its unit, in quotes: write `{write}`"));
            }
            other => return refuse_kind(entry, other),
        },
        other => return refuse_kind(entry, other),
    };
    let written = text.value();
    match humantime::parse_duration(&written) {
        Ok(time) if time.as_millis() > 0 => Some(time),
        Ok(_) => entry.refuse(
            text,
            format!("`{name}` must be at least a millisecond, because a save has to fit into it: write `{}`", entry.form.example),
        ),
        Err(_) if written.parse::<u64>().is_ok() => {
            entry.refuse(text, format!("`{name}` has no unit: write `{name} = \"{written}s\"` for seconds"))
        }
        Err(why) => entry.refuse(text, format!("`{name}` is not a duration ({why}): write `{}`", entry.form.example)),
    }
}

pub(crate) fn function(entry: &mut Entry<'_>) -> Option<ExprPath> {
    let (name, example) = (entry.form.name, entry.form.example);
    match expression(entry)? {
        Expr::Path(path) => Some(path),
        Expr::Closure(closure) => entry.refuse(
            closure,
            format!("`{name}` takes the path of a function, not a closure: write a function and name it, as in `{example}`"),
        ),
        Expr::Call(call) => {
            let path = call.func.to_token_stream().to_string().replace(' ', "");
            entry.refuse(call, format!("`{name}` takes the function, not the result of a call: write `{name} = {path}`"))
        }
        Expr::Lit(value) => match &value.lit {
            Lit::Str(text) => unquote(entry, text),
            _ => refuse_kind(entry, value),
        },
        other => refuse_kind(entry, other),
    }
}

pub(crate) fn format(entry: &mut Entry<'_>) -> Option<Format> {
    if let Some(text) = text(entry) {
        return unquote(entry, &text);
    }
    if entry.input.peek(Ident) && entry.input.peek2(token::Paren) {
        return format_with_options(entry);
    }
    let ty = match entry.input.call(Type::without_plus) {
        Ok(ty) => ty,
        Err(error) => return refuse_at(entry, error.span()),
    };
    let Type::Path(path) = peel(&ty) else { return refuse_kind(entry, ty) };
    if path.path.segments.iter().any(|segment| matches!(segment.arguments, PathArguments::Parenthesized(_))) {
        return refuse_kind(entry, ty);
    }
    let Some(word) = path.path.get_ident().filter(|_| path.qself.is_none()) else { return Some(Format::Type(path.clone())) };
    let written = word.to_string();
    if let Some((_, ty)) = FORMATS.iter().find(|(known, _)| *known == written) {
        return Some(named(word, ty, Vec::new()));
    }
    if !written.starts_with(|first: char| first.is_lowercase()) {
        return Some(Format::Type(path.clone()));
    }
    // These resemble `csv` and `tsv`, which would split none of them.
    if let Some((_, delimiter)) = [("psv", '|'), ("ssv", ';'), ("dsv", ':')].iter().find(|(known, _)| *known == written) {
        return entry.refuse(word, format!("unknown format `{written}`: write `csv(delimiter = {delimiter:?})`"));
    }
    match nearest(&written, FORMATS.iter().map(|(known, _)| *known)) {
        Some(near) => entry.refuse(word, format!("unknown format `{written}`: did you mean `{near}`?")),
        None => entry.refuse(
            word,
            format!(
                "unknown format `{written}`: write `lines`, `csv`, `tsv`, `jsonl`, `json`, or the path of a type that implements `Format`"
            ),
        ),
    }
}

fn named(word: &Ident, ty: &'static str, options: Vec<TokenStream>) -> Format {
    let place = word.span();
    let tab = (word == "tsv").then(|| quote_spanned!(place=> .delimiter(b'\t')));
    Format::Named { ty, options: tab.into_iter().chain(options).collect(), place }
}

fn format_with_options(entry: &mut Entry<'_>) -> Option<Format> {
    let word: Ident = entry.input.parse().ok()?;
    let options = (|| {
        let options;
        syn::parenthesized!(options in entry.input);
        Ok::<_, syn::Error>(options)
    })();
    let options = options.ok()?;
    let written = word.to_string();
    let known = FORMATS.iter().find(|(known, _)| *known == written);
    if let Some((_, ty @ ("Csv" | "Json"))) = known {
        return format_options::read(&word, &options, entry.errors).map(|options| named(&word, ty, options));
    }
    // What is left unread is an error of its own.
    options.parse::<TokenStream>().ok()?;
    match known {
        Some(_) => entry.refuse(&word, format!("`{word}` has no options: write `format = {word}`")),
        None => match nearest(&written, ["csv", "tsv", "json"]) {
            Some(near) => entry.refuse(&word, format!("unknown format `{word}`: did you mean `{near}`?")),
            None => entry.refuse(
                &word,
                "a format with options is `csv(..)`, `tsv(..)` or `json(..)`: write `format = csv(delimiter = ';')`",
            ),
        },
    }
}

pub(crate) fn source(entry: &mut Entry<'_>) -> Option<Word> {
    word(entry, &[("stream", "Stream"), ("tmp", "Tmp")])
}

pub(crate) fn compression(entry: &mut Entry<'_>) -> Option<Word> {
    word(entry, &[("auto", "Auto"), ("none", "None"), ("gzip", "Gzip"), ("zstd", "Zstd")])
}

/// One of a few words, each with its variant.
fn word(entry: &mut Entry<'_>, words: &[(&str, &'static str)]) -> Option<Word> {
    let name = entry.form.name;
    if let Some(text) = text(entry) {
        let written = text.value();
        let write = match words.iter().find(|(known, _)| *known == written) {
            Some((known, _)) => format!("{name} = {known}"),
            None => entry.form.example.to_owned(),
        };
        return entry.refuse(text, format!("`{name}` is a word, not text: write it without quotes, `{write}`"));
    }
    let value = expression(entry)?;
    let Some(word) = ident(&value) else { return refuse_kind(entry, value) };
    let written = word.to_string();
    if let Some((_, variant)) = words.iter().find(|(known, _)| *known == written) {
        return Some(Word { variant, place: word.span() });
    }
    match nearest(&written, words.iter().map(|(known, _)| *known)) {
        Some(near) => entry.refuse(word, format!("unknown {name} `{written}`: did you mean `{near}`?")),
        None => {
            let known: Vec<_> = words.iter().map(|(known, _)| format!("`{known}`")).collect();
            entry.refuse(word, format!("unknown {name} `{written}`: write {}", list(&known)))
        }
    }
}

pub(crate) fn shards(entry: &mut Entry<'_>) -> Option<Shards> {
    if let Some(text) = text(entry) {
        let write = if text.value() == "auto" { "shards = auto" } else { entry.form.example };
        return entry.refuse(text, format!("`shards` is a number or a word, not text: write it without quotes, `{write}`"));
    }
    let value = expression(entry)?;
    if let Some(word) = ident(&value) {
        return match word == "auto" {
            true => Some(Shards::Auto(word.span())),
            false => entry.refuse(word, format!("unknown value `{word}`: write a number, or `shards = auto`")),
        };
    }
    let number = number(entry, value)?;
    match number.base10_parse::<u32>() {
        Ok(2..=1_000) => Some(Shards::Exactly(number)),
        Ok(1) => entry.refuse(number, "a run with one shard is a run without shards: remove `shards`, or write `shards = auto`"),
        _ => entry.refuse(number, "a run has at most 1,000 shards: write `shards = 1000`, or `shards = auto`"),
    }
}

pub(crate) fn on_error(entry: &mut Entry<'_>) -> Option<OnError> {
    if let Some(text) = text(entry) {
        let write = if text.value() == "stop" { "on_error = stop" } else { entry.form.example };
        return entry.refuse(text, format!("`on_error` is a word, not text: write it without quotes, `{write}`"));
    }
    let (value, limit) = match expression(entry)? {
        Expr::Call(call) if call.args.len() <= 1 => (*call.func, Some(call.args)),
        value => (value, None),
    };
    let Some(word) = ident(&value) else { return refuse_kind(entry, value) };
    let limit = limit.and_then(|limit| limit.into_iter().next()).map(bare);
    match (word.to_string().as_str(), limit) {
        ("stop", None) => Some(OnError::Stop),
        ("stop", Some(limit)) => {
            entry.refuse(limit, "`stop` takes no limit, because it stops at the first error: write `on_error = stop`")
        }
        ("skip", Some(Expr::Lit(ExprLit { lit: Lit::Int(limit), .. }))) if limit.suffix().is_empty() => {
            match limit.base10_parse::<u64>() {
                Ok(0) => entry.refuse(limit, "`skip(0)` can skip nothing: write `on_error = stop`, or a limit of at least 1"),
                Ok(_) => Some(OnError::Skip(limit)),
                Err(_) => entry.refuse(limit, "the limit must fit into 64 bits: write `on_error = skip(100)`"),
            }
        }
        ("skip", Some(limit)) => {
            entry.refuse(limit, "`skip` takes a number, the most records that a run may skip: write `on_error = skip(100)`")
        }
        ("skip", None) => {
            entry.refuse(word, "`skip` needs a limit, the most records that a run may skip: write `on_error = skip(100)`")
        }
        (written, _) => match nearest(written, ["stop", "skip"]) {
            Some(near) => entry.refuse(word, format!("unknown value `{written}`: did you mean `{near}`?")),
            None => entry.refuse(word, format!("unknown value `{written}`: write `stop` or `skip(N)`")),
        },
    }
}

pub(crate) fn path(entry: &mut Entry<'_>) -> Option<Path> {
    if let Some(text) = text(entry) {
        return unquote(entry, &text);
    }
    let ty = match entry.input.fork().parse::<Type>() {
        // `$path:path` comes in an invisible group, which only a type or an expression accepts.
        Ok(Type::Group(_)) => entry.input.parse::<Type>().map(|ty| peel(&ty).clone()),
        _ => entry.input.call(Path::parse_mod_style).map(|path| Type::Path(TypePath { attrs: Vec::new(), qself: None, path })),
    };
    match ty {
        Ok(Type::Path(path)) if path.qself.is_none() => Some(path.path),
        Ok(other) => refuse_kind(entry, other),
        Err(error) => refuse_at(entry, error.span()),
    }
}
