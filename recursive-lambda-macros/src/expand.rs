//! Writes the job: a struct with the function's name, and its handler.
//!
//! Total: everything was checked before, so nothing here can fail. It decides nothing at run time either: it writes data and one
//! call of the user's function. Every path begins at the one import of this crate or at `::core`, because the user's module may
//! shadow any other name.

use crate::args::Args;
use crate::handler::{Handler, Role};
use crate::item::Function;
use crate::krate::{Krate, krate, located, place_of};
use crate::values::{Batch, Encoding, Format, OnError, Shards, Word};
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::{Ident, LitInt};

/// The job of a function.
pub(crate) fn job(function: &Function, handler: &Handler<'_>, args: &Args, path: &Krate) -> TokenStream {
    let declaration = declaration(function);
    let attrs = function.attrs_of_job();
    let name = handler.name;
    let here = krate(Span::call_site());
    let import = path.import();
    let resources = handler.resources.map_or_else(|| quote!(()), ToTokens::to_token_stream);
    let lends = handler.resources.map(|_| quote!(use #here::__private::{NotShared as _, Shared as _};));
    let batch_check = batch_check(&args.batch);
    let records_check = records_check(handler, args);
    let cut_check = cut_check(args);
    let items = [
        constants(handler, args),
        types(handler, args),
        configure_format(args).unwrap_or_default(),
        call(handler),
        is_complete(handler, args),
        merge(args).unwrap_or_default(),
        on_complete(handler, args).unwrap_or_default(),
    ];
    quote! {
        #declaration
        #(#attrs)*
        const _: () = {
            #import
            #lends
            #batch_check
            #records_check
            #cut_check
            // Private, so that the private types of a public job stay private.
            struct __Job;
            impl #here::Job<#resources> for #name {
                fn handler() -> impl #here::Handler<Resources = #resources> {
                    __Job
                }
            }
            impl #here::Handler for __Job {
                #(#items)*
            }
        };
    }
}

/// The struct with the function's name. It has braces, so its name is only in the type namespace, and the function's only in the
/// value namespace.
pub(crate) fn declaration(function: &Function) -> TokenStream {
    let (attrs, vis, name) = (function.attrs_of_struct(), &function.vis, &function.name);
    let doc = format!(" The job of the function [`{name}`](fn@{name}), for `run` and `run_with`.");
    quote! {
        #(#attrs)*
        #[doc = #doc]
        #[allow(non_camel_case_types, reason = "it has the name of its function")]
        #vis struct #name {}
    }
}

fn batch_check(batch: &Batch) -> TokenStream {
    match batch {
        Batch::Number(_) => TokenStream::new(),
        Batch::Const(path) => {
            let place = place_of(path);
            quote_spanned!(place=> const _: () = ::core::assert!(#path >= 1, "`batch` must be at least 1");)
        }
    }
}

/// Some arguments are only for an input that is read record by record. The compiler knows which input is, even through an alias.
fn records_check(handler: &Handler<'_>, args: &Args) -> Option<TokenStream> {
    let stream = args.source.as_ref().filter(|source| source.variant == "Stream").map(|source| source.place);
    let skip = args.on_error.as_ref().and_then(|on_error| match on_error {
        OnError::Stop => None,
        OnError::Skip(limit) => Some(limit.span()),
    });
    let compression = args.compression.as_ref().map(|compression| compression.place);
    let encoding = args.encoding.as_ref().map(|encoding| encoding.label.span());
    let shards = args.shards.as_ref().map(Shards::place);
    let place = stream.or(compression).or(encoding).or(args.several_at_once().map(LitInt::span)).or(skip).or(shards)?;
    let (there, input) = (krate(place), handler.input);
    Some(quote_spanned!(place=> const _: () = #there::__private::read_by_record::<#input>();))
}

/// Shards need a format that says how its objects can be cut.
fn cut_check(args: &Args) -> Option<TokenStream> {
    let place = args.shards.as_ref()?.place();
    let (there, format) = (krate(place), format_type(args));
    Some(quote_spanned!(place=> const _: () = #there::__private::can_be_cut::<#format>();))
}

fn constants(handler: &Handler<'_>, args: &Args) -> TokenStream {
    let here = krate(Span::call_site());
    let name = handler.name.unraw().to_string();
    let batch = match &args.batch {
        Batch::Number(number) => number.to_token_stream(),
        Batch::Const(path) => path.to_token_stream(),
    };
    let reserve = args.reserve.map(|time| {
        let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        quote!(.reserve_ms(#ms))
    });
    let batches = args.batches_per_invocation.as_ref().map(|batches| quote!(.batches_per_invocation(#batches)));
    let variant = |word: &Word| Ident::new(word.variant, Span::call_site());
    let source = args.source.as_ref().map(variant).map(|variant| quote!(.source(#here::Source::#variant)));
    let compression = args.compression.as_ref().map(variant).map(|variant| quote!(.compression(#here::Compression::#variant)));
    let encoding = args.encoding.as_ref().map(|Encoding { label, replaces }| {
        let replacing = replaces.then(|| quote!(.replacing()));
        quote!(.encoding(#here::Encoding::new(#label)#replacing))
    });
    let concurrency = args.concurrency.as_ref().map(|batches| quote!(.concurrency(#batches)));
    let on_error = args.on_error.as_ref().map(|on_error| match on_error {
        OnError::Stop => quote!(.on_error(#here::OnError::Stop)),
        OnError::Skip(limit) => quote!(.on_error(#here::OnError::Skip(#limit))),
    });
    let on_complete = args.on_complete.is_some().then(|| quote!(.on_complete()));
    let shards = args.shards.as_ref().map(|shards| match shards {
        Shards::Exactly(count) => quote!(.shards(#here::Shards::Exactly(#count))),
        Shards::Auto(_) => quote!(.shards(#here::Shards::Auto)),
    });
    let merge = args.merge.is_some().then(|| quote!(.merge()));
    quote! {
        const NAME: &'static ::core::primitive::str = #name;
        const CONFIG: #here::Config = #here::Config::new(#batch)#reserve #batches #concurrency #source #compression #encoding #on_error #on_complete #shards #merge;
    }
}

fn format_type(args: &Args) -> TokenStream {
    match &args.format {
        Format::Named { ty, place, .. } => {
            let (there, ty) = (krate(*place), Ident::new(ty, *place));
            quote_spanned!(*place=> #there::format::#ty)
        }
        Format::Type(path) => path.to_token_stream(),
    }
}

fn types(handler: &Handler<'_>, args: &Args) -> TokenStream {
    let format = format_type(args);
    let input = handler.input;
    let [state, resources] =
        [handler.state, handler.resources].map(|ty| ty.map_or_else(|| quote!(()), ToTokens::to_token_stream));
    quote! {
        type Format = #format;
        type Input = #input;
        type State = #state;
        type Resources = #resources;
    }
}

fn configure_format(args: &Args) -> Option<TokenStream> {
    let Format::Named { options, .. } = &args.format else { return None };
    let format = local("__format", Span::call_site());
    (!options.is_empty()).then(|| {
        quote! {
            fn configure_format(#format: Self::Format) -> Self::Format {
                #format #(#options)*
            }
        }
    })
}

fn call(handler: &Handler<'_>) -> TokenStream {
    let name = handler.name;
    let here = krate(Span::call_site());
    let [input, state, resources, outcome] =
        ["__input", "__state", "__resources", "__outcome"].map(|name| local(name, Span::call_site()));
    let arguments = handler.roles.iter().map(|role| match role {
        Role::Input => &input,
        Role::State => &state,
        Role::Resources => &resources,
    });
    let output = handler.output;
    let place = place_of(output);
    let there = krate(place);
    let into = quote_spanned! {place=>
        <#output as #there::IntoOutcome<#there::FlowOf<Self>>>::into_outcome(#outcome)
    };
    // At the function's name, where a future that is not `Send` is reported.
    let body = quote_spanned! {place_of(name)=>
        async move {
            let #outcome = #name(#(#arguments),*).await;
            #into
        }
    };
    let body = sendable(handler, name, body);
    let future = future(quote!(#here::FlowOf<Self>), name);
    quote! {
        fn call(#input: Self::Input, #state: &mut Self::State, #resources: &Self::Resources) -> #future {
            #body
        }
    }
}

fn is_complete(handler: &Handler<'_>, args: &Args) -> TokenStream {
    let here = krate(Span::call_site());
    let [progress, state] = ["__progress", "__state"].map(|name| local(name, Span::call_site()));
    let body = match &args.is_complete {
        Some(path) => {
            let arguments = lent(path, &["__progress", "__state"], &[true, handler.state.is_some()]);
            quote_spanned!(place_of(path)=> #path(#arguments))
        }
        None => {
            let input = handler.input;
            let place = place_of(input);
            let there = krate(place);
            quote_spanned!(place=> <#input as #there::__private::EndsWithTheObject>::at_end(#progress))
        }
    };
    quote! {
        fn is_complete(#progress: &#here::Progress, #state: &Self::State) -> ::core::primitive::bool {
            #body
        }
    }
}

fn merge(args: &Args) -> Option<TokenStream> {
    let path = args.merge.as_ref()?;
    let place = place_of(path);
    let [state, later] = ["__state", "__later"].map(|name| local(name, place));
    let call = quote_spanned!(place=> #path(#state, #later));
    Some(quote! {
        fn merge(#state: &mut Self::State, #later: Self::State) {
            #call
        }
    })
}

fn on_complete(handler: &Handler<'_>, args: &Args) -> Option<TokenStream> {
    let path = args.on_complete.as_ref()?;
    let here = krate(Span::call_site());
    let [summary, state, resources] = ["__summary", "__state", "__resources"].map(|name| local(name, Span::call_site()));
    let place = place_of(path);
    let there = krate(place);
    let outcome = local("__outcome", place);
    let arguments =
        lent(path, &["__summary", "__state", "__resources"], &[true, handler.state.is_some(), handler.resources.is_some()]);
    let body = quote_spanned! {place=>
        async move {
            let #outcome = #path(#arguments).await;
            #there::IntoFinished::into_finished(#outcome)
        }
    };
    let body = sendable(handler, path, body);
    let future = future(quote!(()), path);
    Some(quote! {
        fn on_complete(#summary: &#here::Summary, #state: &Self::State, #resources: &Self::Resources) -> #future {
            #body
        }
    })
}

/// The arguments of one of the user's functions, each at the place of its path, so that the compiler points there if there is one
/// too many.
fn lent(path: &impl ToTokens, names: &[&str], given: &[bool]) -> TokenStream {
    let place = place_of(path);
    let arguments = names.iter().zip(given).filter(|(_, given)| **given).map(|(name, _)| local(name, place));
    quote_spanned!(place=> #(#arguments),*)
}

/// The body of a method that lends resources to a future. The future is always `Send`, because resources that cannot be shared
/// are reported where their type is named.
fn sendable(handler: &Handler<'_>, from: &impl ToTokens, body: TokenStream) -> TokenStream {
    let Some(resources) = handler.resources else { return body };
    let place = place_of(from);
    let there = krate(place);
    quote_spanned!(place=> #there::__private::Lent::<#resources>::new().__lent(#body))
}

/// A future, at the place of its origin: it is reported there if it is not `Send`.
fn future(value: TokenStream, from: &impl ToTokens) -> TokenStream {
    let place = place_of(from);
    let (there, core) = (krate(place), located(quote!(::core), place));
    quote_spanned! {place=>
        impl #core::future::Future<Output = #core::result::Result<#value, #there::Error>> + #core::marker::Send
    }
}

/// A local name that cannot collide with the user's.
fn local(name: &str, place: Span) -> Ident {
    Ident::new(name, Span::mixed_site().located_at(place))
}
