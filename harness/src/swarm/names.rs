//! The names of links and groups in a world of a swarm, and what all of its claims allow for.

/// How far what is seen may differ from what is due, in ms, apart from the tolerance.
pub(super) const SLACK: u64 = 50;

/// The link below the router of this number.
pub(super) fn lan(router: usize) -> String {
    format!("lan{router}")
}

/// The link from `r1` to the router of an episode of its own.
pub(super) fn side(number: usize) -> String {
    format!("side{number}")
}

/// The group of an episode.
pub(super) fn group(number: usize) -> String {
    format!("239.1.1.{}", number + 1)
}
