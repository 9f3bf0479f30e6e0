//! The attribute of `recursive-lambda`: depend on that crate, which re-exports it.
//!
//! From the arguments and the signature to the job, one file each: `args` and its `values`, `item` and `handler`, then `expand`,
//! or `fallback` where there are `errors`. It never parses the body of a function, and nothing of it runs in a Lambda.

mod args;
mod errors;
mod expand;
mod fallback;
mod handler;
mod item;
mod krate;
mod suggest;
mod values;

use item::Item;
use krate::Krate;
use proc_macro2::TokenStream;
use quote::quote;

/// Makes a job of an async function.
#[proc_macro_attribute]
pub fn recursive_lambda(arguments: proc_macro::TokenStream, item: proc_macro::TokenStream) -> proc_macro::TokenStream {
    attribute(arguments.into(), item.into()).into()
}

/// The attribute, as a function that a test can call.
fn attribute(arguments: TokenStream, tokens: TokenStream) -> TokenStream {
    let item = Item::of(tokens.clone());
    let mut path = None;
    let checked = errors::collect(|errors| {
        let (args, named) = args::read(arguments, errors);
        path = named;
        let function = item.function(&tokens, errors)?;
        let handler = handler::read(&function.sig, errors);
        Some((function, handler?, args?))
    });
    let krate = Krate::new(path.as_ref());
    let job = match checked {
        Ok((function, handler, args)) => expand::job(function, &handler, &args, &krate),
        Err(error) => {
            let (stub, error) = (fallback::stub(&item, &krate), error.into_compile_error());
            quote!(#stub #error)
        }
    };
    // The function comes first: editors take the first of several tokens with the same place for the real one.
    quote!(#tokens #job)
}
