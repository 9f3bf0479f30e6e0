//! Which arguments fit `shards`: each shard sees only its part of the object. It reads no argument; `values` does.

use crate::args::Args;
use crate::errors::Errors;
use crate::handler::Handler;

/// Refuses what shards cannot do.
pub(crate) fn fit(args: Args, handler: &Handler<'_>, errors: &mut Errors) -> Option<Args> {
    let Some(shards) = &args.shards else {
        return match &args.merge {
            Some(merge) => {
                errors.refuse(merge, "`merge` joins the states of shards, and there are none: add `shards = auto`, or remove it")
            }
            None => Some(args),
        };
    };
    let changed = args.compression.as_ref().filter(|word| !matches!(word.variant, "Auto" | "None")).map(|word| word.place);
    let changed = changed.or(args.encoding.as_ref().map(|encoding| encoding.label.span()));
    let in_tmp = args.source.as_ref().filter(|word| word.variant == "Tmp").map(|word| word.place);
    if let Some(is_complete) = &args.is_complete {
        let message =
            "shards know nothing of each other, so none can say that the run is complete: remove `shards` or `is_complete`";
        return errors.refuse(is_complete, message);
    }
    if let Some(place) = changed {
        return errors.refuse_at(place, "such an object is read from its start, so it cannot be cut: remove `shards`, or this");
    }
    if let Some(place) = in_tmp {
        return errors.refuse_at(place, "with `shards` each invocation reads only its part of the object: remove `source = tmp`");
    }
    match (handler.state, &args.merge) {
        (Some(_), None) => {
            let message = "each shard has a state of its own, and nothing says how two become one: add `merge = add`, a function \
                           `fn add(totals: &mut S, later: S)`";
            errors.refuse_at(shards.place(), message)
        }
        (None, Some(merge)) => errors.refuse(merge, "the job has no state to merge: remove `merge`"),
        _ => Some(args),
    }
}
