//! What is written when the attribute is in error: what the user wrote, a stub of the job, and the mistakes.
//!
//! The stub satisfies every caller, so that no second error hides the first.

use crate::expand;
use crate::item::Item;
use crate::krate::{Krate, krate};
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};

/// All that stands in for the job of this item. The item itself is written by the caller.
pub(crate) fn stub(item: &Item, path: &Krate) -> TokenStream {
    match item {
        // Inside an `impl` there is no place for a struct; and where the attribute comes twice, the second one writes it.
        Item::Function(function) if function.is_method() || function.second_attribute().is_some() => TokenStream::new(),
        Item::Function(function) => {
            let (declaration, attrs) = (expand::declaration(function), function.attrs_of_job());
            let stub = implementation(&function.name, path);
            quote! {
                #declaration
                #(#attrs)*
                #stub
            }
        }
        Item::Type(Some(name)) => implementation(name, path),
        Item::Type(None) | Item::Other => TokenStream::new(),
    }
}

fn implementation(name: &impl ToTokens, path: &Krate) -> TokenStream {
    let (import, here) = (path.import(), krate(Span::call_site()));
    quote! {
        const _: () = {
            #import
            impl<R: ::core::marker::Send + ::core::marker::Sync + 'static> #here::Job<R> for #name {
                fn handler() -> impl #here::Handler<Resources = R> {
                    #here::__private::Stub::<R>::new()
                }
            }
        };
    }
}
