//! The names of links and groups in a world of a swarm, and the slack of its claims.

/// How far an observation may be from its due time, in ms, besides the tolerance.
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
