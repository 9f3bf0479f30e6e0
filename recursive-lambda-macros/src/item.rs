//! Splits the annotated item into the parts that the attribute reads and the parts that it passes on untouched.
//!
//! The body is never parsed: what the user has typed so far reaches the compiler and the editor unchanged.

use crate::errors::Errors;
use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Attribute, Generics, Ident, Meta, Signature, Token, Visibility};

const ATTRIBUTE: &str = "recursive_lambda";

/// The annotated item.
pub(crate) enum Item {
    Function(Box<Function>),
    /// A type. It has a name if a stub can take it.
    Type(Option<Ident>),
    Other,
}

/// A function, without its body.
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) name: Ident,
    /// Or why it cannot be read, which happens while it is typed.
    pub(crate) sig: syn::Result<Signature>,
    /// Whether it contains the word `block_on`, as written by attributes that turn an `async fn` into an ordinary function.
    pub(crate) blocks: bool,
}

impl Function {
    /// Whether it takes a `self`: then it is in an `impl`, which cannot contain a struct.
    pub(crate) fn is_method(&self) -> bool {
        self.sig.as_ref().is_ok_and(|sig| sig.receiver().is_some())
    }

    /// This attribute a second time: its output would appear twice.
    pub(crate) fn second_attribute(&self) -> Option<&Attribute> {
        self.attrs.iter().find(|attr| attr.path().segments.last().is_some_and(|last| last.ident == ATTRIBUTE))
    }

    /// An attribute that would turn it into an ordinary function: `#[tokio::main]`, and similar ones.
    pub(crate) fn runtime(&self) -> Option<&Attribute> {
        self.attrs.iter().find(|attr| attr.path().segments.last().is_some_and(|last| last.ident == "main"))
    }

    /// The attributes that apply to the struct as well.
    pub(crate) fn attrs_of_struct(&self) -> impl Iterator<Item = &Attribute> {
        self.attrs.iter().filter(|attr| attr.path().is_ident("cfg") || attr.path().is_ident("deprecated"))
    }

    /// The attributes that apply to the job as well: its `cfg`, and the lints that the user allows where the job repeats types.
    pub(crate) fn attrs_of_job(&self) -> impl Iterator<Item = TokenStream> {
        self.attrs.iter().filter_map(|attr| match (&attr.meta, attr.path().get_ident()?.to_string().as_str()) {
            (_, "cfg" | "allow") => Some(attr.to_token_stream()),
            (Meta::List(list), "expect") => {
                let lints = &list.tokens;
                Some(quote!(#[allow(#lints)]))
            }
            (_, "deprecated") => {
                Some(quote!(#[allow(deprecated, reason = "the job is the function, so a call of it would be unused")]))
            }
            _ => None,
        })
    }
}

impl Item {
    /// Never fails: what is not recognised is `Other`.
    pub(crate) fn of(tokens: TokenStream) -> Self {
        Self::parse.parse2(tokens).unwrap_or(Self::Other)
    }

    /// The function with its signature, if it can become a job.
    pub(crate) fn function(&self, tokens: &TokenStream, errors: &mut Errors) -> Option<(&Function, &Signature)> {
        match self {
            Self::Function(function) => {
                if let Some(second) = function.second_attribute() {
                    return errors.refuse(second, "a function is one job, but this is its second attribute: remove one of them");
                }
                match &function.sig {
                    Ok(sig) => Some((function, sig)),
                    Err(error) => {
                        errors.refuse_at(error.span(), "the function's signature is incomplete from here on: finish it")
                    }
                }
            }
            Self::Type(_) => {
                errors.refuse(tokens, "a type cannot be a job: put the attribute on an `async fn` that takes a batch")
            }
            Self::Other => {
                errors.refuse(tokens, "only a function can be a job: put the attribute on an `async fn` that takes a batch")
            }
        }
    }

    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attrs = Attribute::parse_outer(input)?;
        let vis = Visibility::parse(input)?;
        let mut item = if input.peek(Token![struct]) || input.peek(Token![enum]) {
            Ident::parse_any(input)?;
            let name = input.parse()?;
            let generics: Generics = input.parse()?;
            Self::Type(generics.params.is_empty().then_some(name))
        } else {
            let (name, sig) = (name(&input.fork())?, input.parse());
            Self::Function(Box::new(Function { attrs, vis, name, sig, blocks: false }))
        };
        let body = input.parse()?;
        if let Self::Function(function) = &mut item {
            function.blocks = has_word(body, "block_on");
        }
        Ok(item)
    }
}

fn has_word(tokens: TokenStream, word: &str) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Group(group) => has_word(group.stream(), word),
        TokenTree::Ident(ident) => ident == word,
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

/// The name after `fn`, no matter what follows.
fn name(input: ParseStream<'_>) -> syn::Result<Ident> {
    while !input.peek(Token![fn]) {
        input.parse::<TokenTree>()?;
    }
    input.parse::<Token![fn]>()?;
    input.parse()
}
