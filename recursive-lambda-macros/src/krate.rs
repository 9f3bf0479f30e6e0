//! The path under which the expansion finds `recursive_lambda`.
//!
//! Every use gets the place of what it explains: a path that kept the attribute's own place would drag the compiler's messages there.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::Path;

/// The crate's path.
pub(crate) struct Krate(TokenStream);

impl Krate {
    /// As the `crate` argument says, else the crate's own name.
    pub(crate) fn new(path: Option<&Path>) -> Self {
        Self(path.map_or_else(|| quote!(::recursive_lambda), ToTokens::to_token_stream))
    }

    /// The path for tokens at this place.
    pub(crate) fn at(&self, place: Span) -> TokenStream {
        self.0
            .clone()
            .into_iter()
            .map(|mut token| {
                token.set_span(token.span().located_at(place));
                token
            })
            .collect()
    }
}

/// The place of these tokens for what is written on their behalf: a message points there, and offers no change to what nobody wrote.
pub(crate) fn place_of(tokens: &impl ToTokens) -> Span {
    let first = tokens.to_token_stream().into_iter().next();
    first.map_or_else(Span::call_site, |token| Span::call_site().located_at(token.span()))
}
