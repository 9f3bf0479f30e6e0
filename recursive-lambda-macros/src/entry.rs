//! The grammar of `name = value, name = value`, and how reading goes on after a mistake.
//!
//! It knows no argument's meaning.

use crate::errors::Errors;
use proc_macro2::TokenTree;
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{Ident, Token};

/// What messages say about an argument.
#[derive(Clone, Copy)]
pub(crate) struct Form {
    pub(crate) name: &'static str,
    /// Completes "it takes ..".
    pub(crate) takes: &'static str,
    /// An example that compiles.
    pub(crate) example: &'static str,
}

/// One argument, and the input after its name.
pub(crate) struct Entry<'a> {
    pub(crate) form: Form,
    pub(crate) name: Ident,
    pub(crate) input: ParseStream<'a>,
    pub(crate) errors: &'a mut Errors,
}

impl Entry<'_> {
    /// Reads the `=`, so that the value comes next.
    pub(crate) fn equals(&mut self) -> Option<()> {
        let (name, example, input) = (self.form.name, self.form.example, self.input);
        if !ends(input) && !starts_value(input) {
            return self.errors.refuse_at(input.span(), format!("`{name}` needs `=` before its value: write `{example}`"));
        }
        let equals = input.parse::<Option<Token![=]>>().ok()?;
        if ends(input) {
            let at = equals.map_or_else(|| self.name.span(), |equals| equals.span);
            return self.errors.refuse_at(at, format!("`{name}` has no value: write `{example}`"));
        }
        Some(())
    }
}

/// A comma must separate two arguments, and one may follow the last. `is_argument`: whether an argument has this name.
pub(crate) fn read_comma(input: ParseStream<'_>, is_argument: fn(&Ident) -> bool, errors: &mut Errors) {
    if input.is_empty() || input.parse::<Token![,]>().is_ok() {
        return;
    }
    if starts_entry(input, is_argument) {
        errors.refuse_at::<()>(input.span(), "a comma is missing before this argument");
    } else {
        errors.refuse_at::<()>(input.span(), "expected a comma or the end after the value before this");
        skip(input);
        _ = input.parse::<Token![,]>();
    }
}

fn ends(input: ParseStream<'_>) -> bool {
    input.is_empty() || input.peek(Token![,])
}

fn starts_entry(input: ParseStream<'_>, is_argument: fn(&Ident) -> bool) -> bool {
    let ahead = input.fork();
    ahead.call(Ident::parse_any).is_ok_and(|name| starts_value(&ahead) || is_argument(&name))
}

fn starts_value(input: ParseStream<'_>) -> bool {
    input.peek(Token![=]) && !input.peek(Token![==]) && !input.peek(Token![=>])
}

/// Skips the rest of a refused argument, up to a comma or the end. The commas between a closure's bars are part of it.
pub(crate) fn skip(input: ParseStream<'_>) {
    let mut between_bars = false;
    while !input.is_empty() && (between_bars || !input.peek(Token![,])) {
        between_bars ^= input.peek(Token![|]) && !input.peek(Token![||]);
        if input.parse::<Option<Token![||]>>().is_ok_and(|bars| bars.is_none()) {
            _ = input.parse::<TokenTree>();
        }
    }
}
