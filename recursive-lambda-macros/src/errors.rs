//! Collects every mistake of one attribute, so that one compile reports them all.
//!
//! Errors cannot go unnoticed: a collector exists only inside [`collect`], which returns a value only if there was no error.

use proc_macro2::Span;
use quote::ToTokens;
use std::fmt::Display;

/// The mistakes found so far.
pub(crate) struct Errors(Option<syn::Error>);

/// Does `work`. Its value counts only if nothing was refused.
pub(crate) fn collect<T>(work: impl FnOnce(&mut Errors) -> Option<T>) -> Result<T, syn::Error> {
    let mut errors = Errors(None);
    match (work(&mut errors), errors.0) {
        (Some(value), None) => Ok(value),
        (_, Some(error)) => Err(error),
        (None, None) => Err(syn::Error::new(
            Span::call_site(),
            "this attribute was refused without a reason: this is a bug in `recursive-lambda`, please report it",
        )),
    }
}

impl Errors {
    /// Records a mistake at these tokens. Always `None`, for `return errors.refuse(..)` and `?`.
    pub(crate) fn refuse<T>(&mut self, at: impl ToTokens, message: impl Display) -> Option<T> {
        self.add(syn::Error::new_spanned(at, message))
    }

    /// Records a mistake at a place without tokens to change.
    pub(crate) fn refuse_at<T>(&mut self, at: Span, message: impl Display) -> Option<T> {
        self.add(syn::Error::new(at, message))
    }

    /// Records that `second` repeats `first`, and shows both.
    pub(crate) fn refuse_second<T>(&mut self, first: impl ToTokens, second: impl ToTokens, message: impl Display) -> Option<T> {
        self.refuse::<()>(second, message);
        self.refuse(first, "first one here")
    }

    fn add<T>(&mut self, error: syn::Error) -> Option<T> {
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            None => self.0 = Some(error),
        }
        None
    }
}
