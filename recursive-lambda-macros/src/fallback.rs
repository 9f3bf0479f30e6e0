//! The output if the attribute has an error: the user's item, a stub of the job, and the mistakes.
//!
//! The stub satisfies every caller, so that no second error hides the first.

use crate::expand;
use crate::item::Item;
use crate::krate::{Krate, krate};
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};

/// Everything that replaces the job of this item. The caller writes the item itself.
pub(crate) fn stub(item: &Item, path: &Krate) -> TokenStream {
    match item {
        // An `impl` cannot contain a struct; and if the attribute is given twice, the second one writes it.
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
