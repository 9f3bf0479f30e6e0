//! "Did you mean": the known word nearest to a mistyped one.
//!
//! It only suggests; a similar word is never accepted.

/// The candidate nearest to `written`, if one is near enough. Case and underscores do not count.
pub(crate) fn nearest<'a>(written: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let written = plain(written);
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let known = plain(candidate);
            let distance = edits(&written, &known);
            let longer = written.len().max(known.len());
            let continued = known.len() >= 4 && written.starts_with(&known);
            (distance * 3 <= longer + 1 || continued).then_some((distance, candidate))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn plain(word: &str) -> Vec<char> {
    word.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect()
}

/// Insertions, deletions and replacements that turn one word into the other.
fn edits(from: &[char], to: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (taken, a) in from.iter().enumerate() {
        let mut next = vec![taken + 1];
        let mut left = taken + 1;
        for ((b, above_left), above) in to.iter().zip(&row).zip(row.iter().skip(1)) {
            left = (above_left + usize::from(a != b)).min(above + 1).min(left + 1);
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(from.len())
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_the_word_that_is_meant() {
        let known = ["batch", "format", "is_complete", "on_complete", "batches_per_invocation", "reserve", "crate"];
        for (written, meant) in [
            ("bach", Some("batch")),
            ("btach", Some("batch")),
            ("batches", Some("batch")),
            ("batch_size", Some("batch")),
            ("batchSize", Some("batch")),
            ("batchesPerInvocation", Some("batches_per_invocation")),
            ("isComplete", Some("is_complete")),
            ("on_completed", Some("on_complete")),
            ("formats", Some("format")),
            ("krate", Some("crate")),
            ("timeout", None),
            ("text", None),
            ("", None),
        ] {
            assert_eq!(nearest(written, known), meant, "{written}");
        }
    }
}
