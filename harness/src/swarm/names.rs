//! The names of links and groups in a world of a swarm, and the slack of its claims.

/// How far an observation may be from its due time, in ms, besides the tolerance.
pub(super) const SLACK: u64 = 50;

/// The sources of episodes about sources; the others know the first one only.
pub(super) const SOURCES: [&str; 2] = ["s1", "s2"];

/// The link below the router of this number.
pub(super) fn lan(router: usize) -> String {
    format!("lan{router}")
}

/// The link from `r1` to the router of an episode of its own.
pub(super) fn side(number: usize) -> String {
    format!("side{number}")
}

/// The link below the router of an episode of its own.
pub(super) fn edge(number: usize) -> String {
    format!("edge{number}")
}

/// The group of an episode.
pub(super) fn group(number: usize) -> String {
    format!("g{}", number + 1)
}
