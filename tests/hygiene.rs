//! The attribute with hostile names, inside macros and in unusual places, in a crate that denies every lint it could raise.
//!
//! Most cases pass if they compile.

#![deny(
    warnings,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    unnameable_types,
    unused_qualifications,
    rust_2018_idioms,
    private_interfaces,
    private_bounds,
    single_use_lifetimes,
    unused_lifetimes,
    unused_results,
    let_underscore_drop,
    clippy::all,
    clippy::pedantic,
    clippy::nursery
)]
#![forbid(unsafe_code)]
#![allow(
    clippy::unused_async,
    clippy::missing_const_for_fn,
    clippy::trivially_copy_pass_by_ref,
    clippy::redundant_pub_crate,
    reason = "they concern the functions themselves, and would appear without the attribute"
)]

use recursive_lambda::{Config, Handler, Job};

/// The job's constants.
fn constants<J: Job<R>, R>() -> (&'static str, Config) {
    fn of<H: Handler>(_: H) -> (&'static str, Config) {
        (H::NAME, H::CONFIG)
    }
    of(J::handler())
}

mod shadowed {
    #![no_implicit_prelude]

    mod core {}
    mod std {}
    mod recursive_lambda {}
    #[allow(dead_code, non_camel_case_types, non_upper_case_globals, reason = "they shadow other names")]
    mod names {
        pub(super) struct Result;
        pub(super) struct Option;
        pub(super) struct Some;
        pub(super) struct Ok;
        pub(super) struct Send;
        pub(super) struct Sync;
        pub(super) struct Future;
        pub(super) struct Job;
        pub(super) struct Handler;
        pub(super) struct Input;
        pub(super) struct State;
        pub(super) struct Resources;
        pub(super) struct Config;
        pub(super) struct Lines;
        pub(super) struct Roles;
        pub(super) type str = ();
        pub(super) type usize = ();
        pub(super) type u64 = ();
        pub(super) type bool = ();
        pub(super) const progress: () = ();
        pub(super) const state: () = ();
        pub(super) const summary: () = ();
        pub(super) const resources: () = ();
        pub(super) const outcome: () = ();
        pub(super) const input: () = ();
    }
    #[allow(unused_imports, reason = "no code should use them")]
    use self::names::*;

    #[::recursive_lambda::recursive_lambda(batch = 4, reserve = "1s", batches_per_invocation = 2, is_complete = enough, on_complete = report)]
    pub(super) async fn shadowed(
        _: ::recursive_lambda::Batch<::std::string::String>,
        _: &mut ::core::primitive::u64,
        _: &::core::primitive::u8,
    ) -> ::core::result::Result<(), ::recursive_lambda::Error> {
        ::core::result::Result::Ok(())
    }

    fn enough(_: &::recursive_lambda::Progress, _: &::core::primitive::u64) -> ::core::primitive::bool {
        false
    }

    async fn report(
        _: &::recursive_lambda::Summary,
        _: &::core::primitive::u64,
        _: &::core::primitive::u8,
    ) -> ::core::result::Result<(), ::recursive_lambda::Error> {
        ::core::result::Result::Ok(())
    }
}

#[test]
fn user_names_do_not_collide() {
    let (name, config) = constants::<shadowed::shadowed, u8>();
    assert_eq!(name, "shadowed");
    assert_eq!(config, Config::new(4).reserve_ms(1000).batches_per_invocation(2).on_complete());
}

mod in_macros {
    use recursive_lambda::{Batch, Error, Progress, recursive_lambda};

    macro_rules! job {
        ($(#[$attr:meta])* $vis:vis $name:ident, $batch:expr, $literal:literal, $format:ty, $done:path, $input:ty, $state:ty, $krate:path, $text:expr) => {
            $(#[$attr])*
            #[recursive_lambda(batch = $batch, batches_per_invocation = $literal, format = $format, is_complete = $done, crate = $krate, reserve = $text)]
            $vis async fn $name(batch: $input, rows: $state) -> Result<(), Error> {
                *rows += batch.len() as u64;
                Ok(())
            }
        };
    }

    const SIZE: usize = 5;

    fn enough(progress: &Progress, _: &u64) -> bool {
        progress.at_end()
    }

    job!(pub(super) number, 4, 2, recursive_lambda::format::Lines, enough, Batch<String>, &mut u64, recursive_lambda, "1s");
    job!(
        /// Documented.
        #[cfg(all())]
        pub(super) constant, SIZE, 3, ::recursive_lambda::format::Lines, enough, Batch<String>, &'_ mut u64, ::recursive_lambda, "2s"
    );
}

#[test]
fn macro_rules_can_write_a_job() {
    assert_eq!(constants::<in_macros::number, ()>(), ("number", Config::new(4).reserve_ms(1000).batches_per_invocation(2)));
    assert_eq!(constants::<in_macros::constant, ()>(), ("constant", Config::new(5).reserve_ms(2000).batches_per_invocation(3)));
}

mod re_exported {
    /// A crate that re-exports this one.
    pub(super) mod inner {
        pub(crate) use ::recursive_lambda::*;
    }

    macro_rules! wrapped {
        ($name:ident) => {
            #[$crate::hygiene::re_exported::inner::recursive_lambda(batch = 1, crate = $crate::hygiene::re_exported::inner)]
            pub(super) async fn $name(
                _: $crate::hygiene::re_exported::inner::Batch<String>,
            ) -> Result<(), $crate::hygiene::re_exported::inner::Error> {
                Ok(())
            }
        };
    }

    wrapped!(wrapped);
}

#[test]
fn the_crate_can_be_re_exported() {
    assert_eq!(constants::<re_exported::wrapped, ()>().0, "wrapped");
}

mod cfg {
    use recursive_lambda::{Batch, Error, recursive_lambda};

    #[recursive_lambda(batch = 1)]
    #[cfg(any())]
    pub(super) async fn chosen(_: NoSuchType) -> Result<(), Error> {
        Ok(())
    }

    #[recursive_lambda(batch = 2)]
    #[cfg(not(any()))]
    pub(super) async fn chosen(_: Batch<String>) -> Result<(), Error> {
        Ok(())
    }
}

#[test]
fn cfg_attributes_apply_to_the_job() {
    assert_eq!(constants::<cfg::chosen, ()>().1.batch, 2);
}

mod imported {
    #![allow(unused_imports, reason = "everything is imported, so each longer path would be an unnecessary qualification")]
    use core::{assert, clone::Clone, future::Future, marker::Send, primitive::bool, primitive::str, result::Result};
    use recursive_lambda::{__private::*, format::*, *};

    pub(super) const ONE: usize = 1;

    #[recursive_lambda(batch = ONE, format = lines, is_complete = never, on_complete = report)]
    pub(super) async fn imported(_: Batch<String>, _: &mut u64, _: &u8) -> Result<(), Error> {
        Ok(())
    }

    fn never(_: &Progress, _: &u64) -> bool {
        false
    }

    async fn report(_: &Summary, _: &u64, _: &u8) -> Result<(), Error> {
        Ok(())
    }
}

#[test]
fn generated_paths_cause_no_lints() {
    assert_eq!(constants::<imported::imported, u8>().0, "imported");
}

mod two {
    use recursive_lambda::{Batch, BoxError, Flow, recursive_lambda};

    #[recursive_lambda(batch = 1)]
    pub(super) async fn r#type(batch: Batch<String>) -> Result<(), BoxError> {
        drop(batch);
        Ok(())
    }

    /// A job with reordered parameters, patterns, aliases of the result and the input, and parentheses.
    type Done = Result<Flow, String>;
    type Lines = Batch<String>;
    #[derive(Debug)]
    pub(super) struct Db {
        pub(super) rows: u64,
    }

    impl Db {
        const SIZE: usize = 9;
    }

    #[allow(unused_parens, reason = "they must not hide the kind of the parameter")]
    #[recursive_lambda(batch = Db::SIZE,)]
    pub(super) async fn second(Db { rows }: &Db, mut batch: (Lines), (odd, _): (&mut (u64, u8))) -> Done {
        *odd += *rows + batch.iter().map(String::len).sum::<usize>() as u64;
        batch = Batch::of([]);
        Ok(if batch.is_empty() { Flow::Complete } else { Flow::Continue })
    }
}

#[test]
fn two_jobs_share_a_module() {
    assert_eq!(constants::<two::r#type, ()>().0, "type");
    assert_eq!(constants::<two::second, two::Db>(), ("second", Config::new(9)));
}

#[test]
fn a_job_can_live_in_a_function() {
    use recursive_lambda::{Batch, Error, recursive_lambda};

    struct Private;
    const SIZE: usize = 3;

    #[recursive_lambda(batch = SIZE)]
    async fn local(_: Batch<String>, _: &Private) -> Result<(), Error> {
        Ok(())
    }

    drop(local(Batch::of([]), &Private));
    assert_eq!(constants::<local, Private>(), ("local", Config::new(3)));
}

mod silenced {
    use recursive_lambda::{Batch, Error, recursive_lambda};

    #[deprecated]
    #[derive(Debug)]
    pub(super) struct Old;

    #[recursive_lambda(batch = 1)]
    #[allow(deprecated)]
    #[cfg(not(any()))]
    pub(super) async fn allowed(_: Batch<String>, _: &Old) -> Result<(), Error> {
        Ok(())
    }

    #[recursive_lambda(batch = 1)]
    #[expect(deprecated, reason = "it is still in use")]
    pub(super) async fn expected(_: Batch<String>, _: &Old) -> Result<(), Error> {
        Ok(())
    }

    #[recursive_lambda(batch = 1)]
    #[deprecated = "use `allowed`"]
    pub(super) async fn outdated(_: Batch<String>) -> Result<(), Error> {
        Ok(())
    }
}

#[test]
#[expect(deprecated, reason = "the struct is as deprecated as the function")]
fn lint_attributes_apply_to_the_job() {
    assert_eq!(constants::<silenced::allowed, silenced::Old>().0, "allowed");
    assert_eq!(constants::<silenced::expected, silenced::Old>().0, "expected");
    assert_eq!(constants::<silenced::outdated, ()>().0, "outdated");
}
