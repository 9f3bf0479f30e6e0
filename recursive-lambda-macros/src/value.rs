//! What reading the values of arguments and of options shares: an expression, a word, text, and the message for another kind.
//!
//! It knows no argument's meaning.

use crate::entry::Entry;
use proc_macro2::Span;
use quote::ToTokens;
use std::fmt::Display;
use syn::{Expr, Ident, Lit, LitStr, Path};

pub(crate) fn expression(entry: &mut Entry<'_>) -> Option<Expr> {
    match entry.input.parse::<Expr>() {
        Ok(value) => Some(bare(value)),
        Err(error) => refuse_at(entry, error.span()),
    }
}

/// Without parentheses and invisible groups.
pub(crate) fn bare(mut value: Expr) -> Expr {
    loop {
        value = match value {
            Expr::Group(group) => *group.expr,
            Expr::Paren(paren) => *paren.expr,
            value => return value,
        }
    }
}

/// The value, if it is a single word.
pub(crate) fn ident(value: &Expr) -> Option<&Ident> {
    match value {
        Expr::Path(path) if path.qself.is_none() => path.path.get_ident(),
        _ => None,
    }
}

/// Text in quotes, if that is next.
pub(crate) fn text(entry: &Entry<'_>) -> Option<LitStr> {
    match entry.input.fork().parse::<Expr>() {
        Ok(Expr::Lit(value)) => match value.lit {
            Lit::Str(text) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

/// Refuses a path in quotes.
pub(crate) fn unquote<T>(entry: &mut Entry<'_>, text: &LitStr) -> Option<T> {
    let name = entry.form.name;
    let write = match text.parse::<Path>() {
        Ok(_) => format!("{name} = {}", text.value().trim()),
        Err(_) => entry.form.example.to_owned(),
    };
    entry.refuse(text, format!("`{name}` is a path, not text: write it without quotes, `{write}`"))
}

pub(crate) fn refuse_kind<T>(entry: &mut Entry<'_>, value: impl ToTokens) -> Option<T> {
    let message = kind(entry);
    entry.refuse(value, message)
}

pub(crate) fn refuse_at<T>(entry: &mut Entry<'_>, at: Span) -> Option<T> {
    let message = kind(entry);
    entry.errors.refuse_at(at, message)
}

fn kind(entry: &Entry<'_>) -> String {
    let form = entry.form;
    format!("`{}` takes {}: write `{}`", form.name, form.takes, form.example)
}

/// `a`, `b` or `c`.
pub(crate) fn list(words: &[String]) -> String {
    match words {
        [most @ .., last] if !most.is_empty() => format!("{} or {last}", most.join(", ")),
        words => words.concat(),
    }
}

impl Entry<'_> {
    pub(crate) fn refuse<T>(&mut self, at: impl ToTokens, mistake: impl Display) -> Option<T> {
        self.errors.refuse(at, mistake)
    }
}
