//! The attribute of `recursive-lambda`: depend on that crate, which re-exports it.
//!
//! From the arguments and the signature to the job, one file each: `args` with `entry`, `values`, `format_options` and `value`, `item` and `handler` with `types`, then `expand`,
//! or `fallback` where there are `errors`. It never parses the body of a function, and nothing of it runs in a Lambda.

mod args;
mod encoding;
mod entry;
mod errors;
mod expand;
mod fallback;
mod format_options;
mod handler;
mod item;
mod krate;
#[cfg(test)]
mod messages;
mod shards;
#[cfg(test)]
mod snapshots;
mod suggest;
mod types;
mod value;
mod values;

use item::Item;
use krate::Krate;
use proc_macro2::TokenStream;
use quote::quote;

/// # The function
///
/// The way a parameter is taken decides its role, not the name of its type. The parameters may be in any order:
///
/// | parameter | what it is | what its type must be |
/// |---|---|---|
/// | by value | the input, required: `Batch<T>`, or `FileBatch` for the object as a file | `T` is a record that the format makes: text for `lines`, any `serde::Deserialize` for `csv`, `tsv`, `jsonl` and `json` |
/// | `&mut S` | state, kept from batch to batch and from invocation to invocation | `Serialize + DeserializeOwned + Default + Clone + Send + 'static`; with `on_complete` also `Sync` |
/// | `&R` | resources, built once in `main` and given to `run_with` | `Send + Sync + 'static`, sized: not `&dyn Db` but `&Box<dyn Db>` |
///
/// It returns `Result<(), E>`; or `Result<Flow, E>` to end the run itself; or, over a `FileBatch`, `Result<Advance, E>` to take its own
/// step. `E` is any error that converts into this crate's `Error`. The function stays an ordinary async function, which a unit test can
/// call. The attribute adds a struct with the function's name, for `run` and `run_with`. So a job cannot share its name with a module in
/// its scope, and cannot be an associated function.
///
/// # The arguments
///
/// | argument | value | default | meaning |
/// |---|---|---|---|
/// | `batch` | a number from 1, or the path of a `const` of type `usize` | required | records per call |
/// | `format` | `lines`, `csv`, `tsv`, `jsonl`, `json`, or the path of a type that implements `Format` | `lines` | how bytes become records; `csv(..)`, `tsv(..)` and `json(at = "Records")` take options, which the types in the module `format` explain; not for a `FileBatch` |
/// | `is_complete` | the path of a `fn(&Progress) -> bool`, with `&S` second if there is state | end of the object | called after every batch; the end of the object always ends the run. Required for a `FileBatch`, where only the job knows the end |
/// | `on_complete` | the path of an async function of `&Summary`, then `&S` and `&R` if the job has them | none | called at the end; after a crash it may be called again |
/// | `reserve` | a duration, as `"20s"` or `"1m 30s"` | `"10s"` | time kept free before the invocation's deadline |
/// | `batches_per_invocation` | a number from 1 | as many as the time allows | the most batches of one invocation |
/// | `concurrency` | a number from 1 | 1 | the most batches in flight at once, each a call of the function; not with `&mut S` |
/// | `source` | `stream`, `tmp` | `stream` for `Batch`, `tmp` for `FileBatch` | ranged reads, or the whole object cached in /tmp for later invocations |
/// | `compression` | `auto`, `none`, `gzip`, `zstd` | `auto` | how the object's bytes become text. `auto` recognises gzip and zstd by the first bytes, never by the name; `gzip` and `zstd` require it; not for a `FileBatch` |
/// | `encoding` | a label of the Encoding Standard, as text, or `replace("..")` of one | `"utf-8"` | how the text's bytes become UTF-8; bytes that cannot be decoded are an error of their record, or with `replace` U+FFFD; a UTF-16 byte order mark counts without this argument; not for a `FileBatch` |
/// | `on_error` | `stop`, `skip(N)` | `stop` | what happens if a record or a batch cannot be processed: the run fails, or skips up to `N` records |
/// | `shards` | 2 to 1,000, or `auto` | none | how many parts of the object are processed at the same time; not with `is_complete` |
/// | `merge` | path of a `fn(&mut S, S)` | required for `shards` with state | adds the state of a later shard to that of the earlier ones |
/// | `crate` | a path | `::recursive_lambda` | the path of this crate, if another crate re-exports it |
///
/// A mistake is a compile error at the word to change. All mistakes are reported at once.
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
        let (function, sig) = item.function(&tokens, errors)?;
        let handler = handler::read(function, sig, errors);
        let (handler, args) = (handler?, args?);
        let args = args.fit(&handler, errors)?;
        Some((function, handler, args))
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

#[cfg(test)]
mod tests {
    #[test]
    fn every_argument_is_documented() {
        let rows: Vec<_> = include_str!("lib.rs")
            .lines()
            .filter(|line| line.starts_with("/// | `") && line.matches(" | ").count() == 4)
            .collect();
        let names: Vec<_> = rows.iter().filter_map(|row| row.split('`').nth(1)).collect();
        assert_eq!(names, crate::args::KEYS.iter().map(|key| key.form.name).collect::<Vec<_>>());
    }
}
