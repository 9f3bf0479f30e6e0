//! How the expansion finds `recursive_lambda`: one import, so that a wrong `crate` argument is one error, at that argument.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Path;

const NAME: &str = "__recursive_lambda";

/// The crate's path.
pub(crate) struct Krate(TokenStream);

impl Krate {
    /// From the `crate` argument, or else the crate's own name.
    pub(crate) fn new(argument: Option<&Path>) -> Self {
        Self(argument.map_or_else(|| quote!(::recursive_lambda), ToTokens::to_token_stream))
    }

    /// Makes [`krate`] known in a block.
    pub(crate) fn import(&self) -> TokenStream {
        let Self(path) = self;
        let place = place_of(path);
        let name = Ident::new(NAME, place);
        quote_spanned!(place=> use #path as #name;)
    }
}

/// The crate, for tokens at this place: the compiler's messages about them point there.
pub(crate) fn krate(place: Span) -> TokenStream {
    Ident::new(NAME, Span::call_site().located_at(place)).into_token_stream()
}

/// Moves tokens to a place. They still belong to the attribute, so no lint takes a path that begins with them for the user's.
pub(crate) fn located(tokens: TokenStream, place: Span) -> TokenStream {
    tokens
        .into_iter()
        .map(|mut token| {
            token.set_span(token.span().located_at(place));
            token
        })
        .collect()
}

/// Where these tokens begin. Generated code gets this place, so that the compiler's messages about it point there.
pub(crate) fn place_of(tokens: &impl ToTokens) -> Span {
    tokens.to_token_stream().into_iter().next().map_or_else(Span::call_site, |token| token.span())
}
