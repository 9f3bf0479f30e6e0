//! What a handler must satisfy, checked once when the program starts. The attribute lets none of these mistakes through; a
//! handler written by hand may have them.

use super::input::{format_of, takes_a_file};
use super::state;
use crate::config::{Compression, Config, Encoding, OnError, Shards, Source};
use crate::format::{Cut, Format as _};
use crate::job::Handler;
use crate::settings::{Settings, StoreLocation};
use crate::{Error, ErrorKind};
use recursive_lambda_core::checkpoint::MOST_SHARDS;
use recursive_lambda_core::event::is_job_name;

pub(crate) fn check<H: Handler>(settings: &Settings, store: &StoreLocation) -> Result<(), Error> {
    let carries = state::is_carried::<H::State>();
    let is_cut = || format_of::<H>().cut() != Cut::Nowhere;
    mistake(H::NAME, H::CONFIG, carries, takes_a_file::<H>(), *store != StoreLocation::None)
        .or_else(|| of_shards(H::CONFIG, settings.shards, carries, is_cut).map(String::from))
        .or_else(state::mistake::<H::State>)
        .map_or(Ok(()), |message| Err(Error::new(ErrorKind::Config, message)))
}

fn mistake(name: &str, config: Config, carries: bool, takes_a_file: bool, recorded: bool) -> Option<String> {
    let skips = config.on_error != OnError::Stop;
    if !is_job_name(name) {
        let rule = "a job's name has 1 to 128 bytes, without white space, control characters, quotes, slashes and backslashes";
        return Some(format!("`Handler::NAME` is `{}`; {rule}", name.escape_debug()));
    }
    if let Some(mistake) = config.encoding.mistake() {
        return Some(mistake);
    }
    let transforms = config.compression != Compression::Auto || config.encoding != Encoding::UTF_8;
    let is_zero = config.batch == 0 || config.concurrency == 0 || config.batches_per_invocation == Some(0);
    let message = if is_zero {
        "`batch`, `concurrency` and `batches_per_invocation` must each be at least 1"
    } else if config.concurrency > 1 && carries {
        "`concurrency` is more than 1 and the job has state, which passes from one batch to the next; remove one of them"
    } else if takes_a_file && (config.concurrency > 1 || skips || transforms) {
        "`compression`, `encoding`, `concurrency` and `on_error = skip(..)` are for a `Batch`, which is read record by record; remove them, or take a `Batch`"
    } else if skips && !recorded {
        "`on_error = skip(..)` keeps the skipped records in the store, and RECURSIVE_LAMBDA_STATE=none has no store; \
         use a bucket, or remove it"
    } else {
        return None;
    };
    Some(message.into())
}

/// What shards cannot do.
fn of_shards(config: Config, set: Option<Shards>, carries: bool, is_cut: impl FnOnce() -> bool) -> Option<&'static str> {
    let decoded = !matches!(config.compression, Compression::Auto | Compression::None) || config.encoding != Encoding::UTF_8;
    match config.shards {
        None if set.is_some() => Some("RECURSIVE_LAMBDA_SHARDS is set, but the job has no `shards`, so it may not work in parts"),
        None => None,
        Some(Shards::Exactly(count)) if !(2..=MOST_SHARDS).contains(&count) => Some("`shards` must be 2 to 1,000"),
        Some(_) if carries && !config.merge => {
            Some("the job has `shards` and state, but no `merge`, so nothing says how the states become one")
        }
        Some(_) if decoded || config.source == Some(Source::Tmp) => {
            Some("with `shards` an object is read as it is, in parts: remove `compression`, `encoding` and `source = tmp`")
        }
        Some(_) if !is_cut() => {
            Some("the job has `shards`, but its format does not say how an object can be cut: set `Format::CUT`")
        }
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_that_cannot_work_are_refused() {
        let sharded = Config::new(1).shards(Shards::Exactly(4));
        let eight = Some(Shards::Exactly(8));
        for (config, set, carries, is_cut, want) in [
            (sharded, eight, false, true, None),
            (sharded.merge(), None, true, true, None),
            (Config::new(1).shards(Shards::Auto).compression(Compression::None), None, false, true, None),
            (Config::new(1), None, true, false, None),
            (Config::new(1), eight, false, true, Some("RECURSIVE_LAMBDA_SHARDS is set")),
            (Config::new(1).shards(Shards::Exactly(1)), None, false, true, Some("`shards` must be 2 to 1,000")),
            (Config::new(1).shards(Shards::Exactly(1_001)), None, false, true, Some("`shards` must be")),
            (sharded, None, true, true, Some("the job has `shards` and state")),
            (sharded.compression(Compression::Gzip), None, false, true, Some("with `shards` an object is read")),
            (sharded.encoding(Encoding::new("latin1")), None, false, true, Some("with `shards` an")),
            (sharded.source(Source::Tmp), None, false, true, Some("with `shards` an")),
            (sharded, None, false, false, Some("the job has `shards`, but its format")),
        ] {
            let found = of_shards(config, set, carries, || is_cut);
            assert!(found.map(|found| want.is_some_and(|want| found.starts_with(want))).unwrap_or(want.is_none()), "{found:?}");
        }
    }

    #[test]
    fn contradicting_config_is_refused() {
        let several = Config::new(1).concurrency(2);
        let decoded = |label| Config::new(1).encoding(Encoding::new(label));
        let skipping = Config::new(1).on_error(OnError::Skip(1));
        for (name, config, carries, takes_a_file, recorded, want) in [
            ("count", Config::new(1).concurrency(1), true, true, false, None),
            ("count", several.on_error(OnError::Skip(1)), false, false, true, None),
            ("count", skipping, true, false, true, None),
            ("count", Config::new(0), false, false, true, Some("`batch`, `concurrency` and `batches_per_invocation` must")),
            ("count", Config::new(1).concurrency(0), false, false, true, Some("`batch`, `concurrency` and")),
            ("count", Config::new(1).batches_per_invocation(0), false, false, true, Some("`batch`, `concurrency` and")),
            ("a/b", Config::new(1), false, false, true, Some("`Handler::NAME` is `a/b`")),
            ("count", several, true, false, true, Some("`concurrency` is more than 1 and the job has state")),
            ("count", several, false, true, true, Some("`compression`, `encoding`, `concurrency` and `on_error = skip(..)`")),
            ("count", skipping, false, true, true, Some("`compression`, `encoding`, `concurrency` and `on_error = skip(..)`")),
            (
                "count",
                Config::new(1).compression(Compression::None),
                false,
                true,
                true,
                Some("`compression`, `encoding`, `concurrency` and"),
            ),
            ("count", decoded("utf-16le"), false, true, true, Some("`compression`, `encoding`, `concurrency` and")),
            ("count", decoded("Latin1").compression(Compression::Zstd), false, false, true, None),
            ("count", decoded("latin-1"), false, false, true, Some("`latin-1` is not a label of the Encoding Standard")),
            ("count", decoded("iso-2022-kr"), false, false, true, Some("the encoding `iso-2022-kr` is not supported")),
            ("count", Config::new(1).compression(Compression::Gzip), false, false, true, None),
            ("count", skipping, false, false, false, Some("`on_error = skip(..)` keeps the skipped records")),
        ] {
            let found = mistake(name, config, carries, takes_a_file, recorded);
            let begins = found.as_deref().zip(want).is_some_and(|(found, want)| found.starts_with(want));
            assert!(begins || (found.is_none() && want.is_none()), "{config:?}: {found:?}");
        }
    }
}
