//! The path under which the expansion finds `recursive_lambda`.
//!
//! Every use gets the place of what it explains: a path that kept the attribute's own place would drag the compiler's messages there.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::Path;

/// The crate's path.
pub(crate) struct Krate {
    path: TokenStream,
    home: Span,
}

impl Krate {
    /// As the `crate` argument says, else the crate's own name.
    pub(crate) fn new(argument: Option<&Path>) -> Self {
        let Some(path) = argument else {
            return Self { path: quote!(::recursive_lambda), home: Span::call_site() };
        };
        let tokens = path.to_token_stream().into_iter().map(|mut token| {
            // What `$crate` means is in its span, and nowhere else.
            if token.to_string() != "$crate" {
                token.set_span(Span::call_site().located_at(token.span()));
            }
            token
        });
        Self { path: tokens.collect(), home: place_of(path) }
    }

    /// The path where nothing of the user's is explained: if it is wrong itself, that is said at the `crate` argument.
    pub(crate) fn here(&self) -> TokenStream {
        self.at(self.home)
    }

    /// The path for tokens at this place.
    pub(crate) fn at(&self, place: Span) -> TokenStream {
        located(self.path.clone(), place)
    }
}

/// Moves tokens to a place. They stay the attribute's own, so no lint takes a path that begins with them for the user's.
pub(crate) fn located(tokens: TokenStream, place: Span) -> TokenStream {
    tokens
        .into_iter()
        .map(|mut token| {
            token.set_span(token.span().located_at(place));
            token
        })
        .collect()
}

/// Where these tokens begin. What is written on their behalf bears this place, so that the compiler's messages about it point there.
pub(crate) fn place_of(tokens: &impl ToTokens) -> Span {
    tokens.to_token_stream().into_iter().next().map_or_else(Span::call_site, |token| token.span())
}
