//! Has this run run away? Reads the depth of an invocation in its chain, as Lambda's recursion detection counts it.
//!
//! It never hides from that detection; it says in time what to set.

/// Lambda stops a chain after about 16 invocations unless the function's `RecursiveLoop` is `Allow`
/// (<https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html>). The hint is logged twice, because a person may
/// read only one of the two logs. A deeper run has the setting.
const NEAR_THE_LIMIT: [u64; 2] = [8, 14];

/// The highest count in the trace header's lineage, if it has one. The format is `Lineage=hash:count|hash:count` or, newer,
/// `Lineage=counter:hash:count|..`: the count is the last number of each part.
#[must_use]
pub fn depth(trace_header: &str) -> Option<u64> {
    let lineage = trace_header.split(';').find_map(|field| field.trim().strip_prefix("Lineage="))?;
    lineage.split('|').filter_map(|part| part.rsplit(':').next()?.parse().ok()).max()
}

/// Whether to log now what to set: near enough to the limit to matter, and not so deep that the setting must be there already.
#[must_use]
pub fn is_near_the_limit(depth: u64) -> bool {
    NEAR_THE_LIMIT.contains(&depth)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_the_highest_last_number() {
        for (header, want) in [
            (
                "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a87bd80c:1|68fd508a:5|c512fbe3:2",
                Some(5),
            ),
            ("Root=1-a-b;Lineage=1:a87bd80c:12", Some(12)),
            ("Root=1-a-b; Lineage=a87bd80c:3", Some(3)),
            ("Root=1-a-b;Parent=c;Sampled=0", None),
            ("Lineage=", None),
            ("Lineage=a:b|c", None),
            ("Lineage=a:99999999999999999999999", None),
            ("", None),
        ] {
            assert_eq!(depth(header), want, "{header}");
        }
    }

    #[test]
    fn says_so_near_the_limit_only() {
        assert_eq!((0..40).filter(|depth| is_near_the_limit(*depth)).collect::<Vec<_>>(), [8, 14]);
    }
}
