//! Reads the options of a format: `csv(delimiter = ';', trim)`, `json(at = "Records")`.
//!
//! [`OPTIONS`] is the one table of them. An option becomes a call of the method that sets it.

use crate::entry::{Entry, Form, read_comma, skip};
use crate::errors::Errors;
use crate::krate::place_of;
use crate::suggest::nearest;
use crate::value::{bare, expression, ident, list, refuse_kind};
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use std::collections::HashMap;
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{Expr, ExprLit, Ident, Lit, LitByte, Token};

/// A known option.
struct Key {
    form: Form,
    kind: Kind,
}

enum Kind {
    /// A character that means something.
    Byte {
        /// What it is if the option is not given.
        default: Option<u8>,
        /// Whether it may be `none`.
        or_none: bool,
    },
    /// `header`.
    Header,
    /// `at`.
    Text,
    /// A word without a value.
    Flag,
    /// `multiline`: a promise, which is `no`.
    No,
}

const OPTIONS: &[Key] = &[
    Key {
        form: Form { name: "delimiter", takes: "one ASCII character", example: "delimiter = ';'" },
        kind: Kind::Byte { default: Some(b','), or_none: false },
    },
    Key {
        form: Form { name: "quote", takes: "one ASCII character, or `none`", example: "quote = '\\''" },
        kind: Kind::Byte { default: Some(b'"'), or_none: true },
    },
    Key {
        form: Form { name: "escape", takes: "one ASCII character", example: "escape = '\\\\'" },
        kind: Kind::Byte { default: None, or_none: false },
    },
    Key {
        form: Form { name: "comment", takes: "one ASCII character", example: "comment = '#'" },
        kind: Kind::Byte { default: None, or_none: false },
    },
    Key {
        form: Form { name: "header", takes: "`none`, or the names of the columns", example: "header = [\"id\", \"name\"]" },
        kind: Kind::Header,
    },
    Key { form: Form { name: "trim", takes: "no value", example: "trim" }, kind: Kind::Flag },
    Key { form: Form { name: "flexible", takes: "no value", example: "flexible" }, kind: Kind::Flag },
    Key { form: Form { name: "multiline", takes: "`no`", example: "multiline = no" }, kind: Kind::No },
    Key { form: Form { name: "at", takes: "a key, in double quotes", example: "at = \"Records\"" }, kind: Kind::Text },
];

/// Whether a format has this option.
fn has(format: &Ident, key: &Key) -> bool {
    let is_of_json = key.form.name == "at";
    if format == "json" { is_of_json } else { (format == "csv" || format == "tsv") && !is_of_json }
}

/// An option of this format, as an example.
fn example(format: &Ident) -> &'static str {
    if format == "json" { "json(at = \"Records\")" } else { "csv(trim)" }
}

/// What other libraries call them.
const SYNONYMS: &[(&str, &str)] = &[
    ("sep", "delimiter = ';'"),
    ("separator", "delimiter = ';'"),
    ("delim", "delimiter = ';'"),
    ("quotechar", "quote = '\\''"),
    ("quoting", "quote = none"),
    ("escapechar", "escape = '\\\\'"),
    ("headers", "header = none"),
    ("has_header", "header = none"),
    ("has_headers", "header = none"),
    ("no_header", "header = none"),
    ("names", "header = [\"id\", \"name\"]"),
    ("columns", "header = [\"id\", \"name\"]"),
    ("skipinitialspace", "trim"),
    ("key", "at = \"Records\""),
    ("path", "at = \"Records\""),
];

/// The options read so far.
#[derive(Default)]
struct Draft {
    given: HashMap<&'static str, Ident>,
    calls: Vec<TokenStream>,
    /// The characters, with the places of those that are given.
    bytes: HashMap<&'static str, (Option<u8>, Span)>,
}

/// The calls that set the options in `input`, the inside of the parentheses after `format`.
pub(crate) fn read(format: &Ident, input: ParseStream<'_>, errors: &mut Errors) -> Option<Vec<TokenStream>> {
    let mut draft = Draft::default();
    let mut is_refused = false;
    while !input.is_empty() {
        if let Ok(comma) = input.parse::<Token![,]>() {
            errors.refuse::<()>(comma, "unexpected comma: remove it");
            continue;
        }
        if read_option(format, input, &mut draft, errors).is_none() {
            is_refused = true;
            skip(input);
        }
        read_comma(input, |name| OPTIONS.iter().any(|key| name == key.form.name), errors);
    }
    if is_refused { None } else { check(format, &draft, errors).map(|()| draft.calls) }
}

fn read_option(format: &Ident, input: ParseStream<'_>, draft: &mut Draft, errors: &mut Errors) -> Option<()> {
    let Ok(name) = input.call(Ident::parse_any) else {
        return errors
            .refuse_at(input.span(), format!("an option is a name, or a name, `=` and a value: write `{}`", example(format)));
    };
    let key = find(format, &name, errors)?;
    if let Some(first) = draft.given.insert(key.form.name, name.clone()) {
        return errors.refuse_second(first, &name, format!("`{name}` is given twice: remove one of them"));
    }
    let mut entry = Entry { form: key.form, name: name.clone(), input, errors };
    let place = name.span();
    let call = match key.kind {
        Kind::Flag if input.peek(Token![=]) => {
            return entry.refuse(&name, format!("`{name}` takes no value: write `{format}({name})`, or leave it out"));
        }
        Kind::Flag => quote_spanned!(place=> .#name()),
        Kind::Byte { or_none, .. } => {
            entry.equals()?;
            let value = byte(&mut entry, or_none)?;
            draft.bytes.insert(key.form.name, (value.as_ref().map(LitByte::value), place));
            match value {
                Some(byte) => quote_spanned!(place=> .#name(#byte)),
                None => quote_spanned!(place=> .#name(::core::option::Option::None)),
            }
        }
        Kind::Header => {
            entry.equals()?;
            header(&mut entry)?
        }
        Kind::No => {
            entry.equals()?;
            let value = expression(&mut entry)?;
            match ident(&value) {
                Some(word) if word == "no" => quote_spanned!(place=> .without_multiline()),
                _ => {
                    let message = "fields may hold line breaks unless `multiline = no` promises that none does: write that, or leave it out";
                    return entry.refuse(value, message);
                }
            }
        }
        Kind::Text => {
            entry.equals()?;
            let value = expression(&mut entry)?;
            match &value {
                Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => quote_spanned!(place=> .#name(#text)),
                _ => return refuse_kind(&mut entry, value),
            }
        }
    };
    draft.calls.push(call);
    Some(())
}

fn find(format: &Ident, name: &Ident, errors: &mut Errors) -> Option<&'static Key> {
    let written = name.to_string();
    let is_fixed = |key: &Key| format == "tsv" && key.form.name == "delimiter";
    match OPTIONS.iter().find(|key| has(format, key) && key.form.name == written) {
        Some(key) if is_fixed(key) => {
            errors.refuse(name, "the delimiter of `tsv` is the tab: write `format = csv(delimiter = ..)` for another")
        }
        Some(key) => Some(key),
        None => {
            let options = || OPTIONS.iter().filter(|key| has(format, key) && !is_fixed(key));
            let is_known = |option: &str| options().any(|key| option.starts_with(key.form.name));
            let synonym =
                SYNONYMS.iter().find(|(known, option)| *known == written && is_known(option)).map(|(_, option)| *option);
            let near = || nearest(&written, options().map(|key| key.form.name));
            let known: Vec<_> = options().map(|key| format!("`{}`", key.form.name)).collect();
            match synonym.or_else(near) {
                Some(meant) => errors.refuse(name, format!("unknown option `{written}` of `{format}`: did you mean `{meant}`?")),
                None => errors.refuse(name, format!("unknown option `{written}`: `{format}` takes {}", list(&known))),
            }
        }
    }
}

/// One ASCII character; `None` for `none`.
fn byte(entry: &mut Entry<'_>, or_none: bool) -> Option<Option<LitByte>> {
    let name = entry.form.name;
    let value = expression(entry)?;
    if or_none && ident(&value).is_some_and(|word| word == "none") {
        return Some(None);
    }
    let Expr::Lit(literal) = &value else { return refuse_kind(entry, value) };
    let character = match &literal.lit {
        Lit::Char(character) => character.value(),
        Lit::Byte(byte) => char::from(byte.value()),
        Lit::Str(text) => {
            let written = text.value();
            let mut characters = written.chars();
            let write = match (characters.next(), characters.next()) {
                (Some(one), None) => format!("{name} = {one:?}"),
                _ => entry.form.example.to_owned(),
            };
            return entry.refuse(text, format!("`{name}` is one character, in single quotes: write `{write}`"));
        }
        _ => return refuse_kind(entry, value),
    };
    match u8::try_from(character) {
        Ok(byte) if byte.is_ascii() && !matches!(byte, b'\n' | b'\r') => Some(Some(LitByte::new(byte, literal.lit.span()))),
        Ok(b'\n' | b'\r') => entry.refuse(literal, format!("`{name}` cannot be a character that ends a line")),
        _ => entry.refuse(literal, format!("`{name}` must be an ASCII character, one byte of the file")),
    }
}

fn header(entry: &mut Entry<'_>) -> Option<TokenStream> {
    let place = entry.name.span();
    let value = expression(entry)?;
    if ident(&value).is_some_and(|word| word == "none") {
        return Some(quote_spanned!(place=> .without_header()));
    }
    let Expr::Array(array) = value else { return refuse_kind(entry, value) };
    let mut seen = HashMap::new();
    for name in array.elems.iter().cloned().map(bare) {
        let Expr::Lit(literal) = &name else { return refuse_kind(entry, name) };
        let Lit::Str(text) = &literal.lit else { return refuse_kind(entry, name) };
        if let Some(first) = seen.insert(text.value(), literal.clone()) {
            return entry.errors.refuse_second(
                first,
                literal,
                format!("{} names two columns: remove one of them", literal.to_token_stream()),
            );
        }
    }
    if seen.is_empty() {
        return entry.refuse(array, "`header` names no column: write `header = none` for a file without a header row");
    }
    Some(quote_spanned!(place=> .header_names::<&::core::primitive::str>(#array)))
}

/// Characters that mean two things.
fn check(format: &Ident, draft: &Draft, errors: &mut Errors) -> Option<()> {
    let byte = |key: &'static Key| match key.kind {
        Kind::Byte { default, .. } => {
            let default = if format == "tsv" && key.form.name == "delimiter" { Some(b'\t') } else { default };
            let (byte, place) = draft.bytes.get(key.form.name).copied().unwrap_or((default, place_of(format)));
            byte.map(|byte| (key.form.name, byte, place))
        }
        _ => None,
    };
    let bytes: Vec<_> = OPTIONS.iter().filter_map(byte).collect();
    for (index, (name, byte, place)) in bytes.iter().enumerate() {
        if let Some((other, _, first)) = bytes.iter().take(index).find(|(_, other, _)| other == byte) {
            let place = if draft.bytes.contains_key(name) { place } else { first };
            let shown = char::from(*byte);
            return errors.refuse_at(*place, format!("`{other}` and `{name}` are both {shown:?}: they must differ"));
        }
    }
    match (draft.bytes.get("quote"), draft.bytes.get("escape")) {
        (Some((None, _)), Some((_, place))) => {
            errors.refuse_at(*place, "`escape` has a meaning only inside quotes: remove it, or `quote = none`")
        }
        _ => Some(()),
    }
}
