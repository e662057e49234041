//! Turns a failing world into a smaller one that fails in the same way.

use castnet::addr::Family;

use crate::backend::RunError;

use super::episode::{Episode, Kind};
use super::params::Params;
use super::world::{Rival, World};

/// The most worlds that are tried.
const AT_MOST: u32 = 400;

/// Removes and simplifies one thing at a time while the rest still `fails`; returns the smallest
/// world, and the number of worlds tried.
pub(super) fn shrink(
    mut world: World,
    mut fails: impl FnMut(&World) -> Result<bool, RunError>,
) -> Result<(World, u32), RunError> {
    let mut tried = 0;
    'smaller: loop {
        for candidate in candidates(&world) {
            if tried == AT_MOST {
                return Ok((world, tried));
            }
            tried += 1;
            if fails(&candidate)? {
                world = candidate;
                continue 'smaller;
            }
        }
        return Ok((world, tried));
    }
}

/// Smaller worlds, the most promising ones first.
fn candidates(world: &World) -> Vec<World> {
    let mut all = Vec::new();
    let mut with = |change: &dyn Fn(&mut World)| {
        let mut smaller = world.clone();
        change(&mut smaller);
        if smaller != *world {
            all.push(smaller);
        }
    };
    for index in 0..world.episodes.len() {
        with(&|world| _ = world.episodes.remove(index));
    }
    for index in 0..world.rivals.len() {
        with(&|world| _ = world.rivals.remove(index));
        with(&|world| world.rivals[index].trouble = None);
    }
    with(&one_router);
    let (family, version) = (world.params.knobs.family, world.params.knobs.version);
    let plain = Params::plain(family, version);
    with(&|world| world.params = plain.clone());
    for param in PARAMS {
        with(&|world| param(&mut world.params, &plain));
    }
    with(&|world| world.params.knobs.family = Family::V4);
    with(&|world| world.rivals.iter_mut().for_each(|rival| rival.is_older = false));
    for index in 0..world.episodes.len() {
        with(&|world| world.episodes[index].kind = Kind::Member);
        with(&|world| simpler(&mut world.episodes[index]));
        with(&|world| fewer(&mut world.episodes[index]));
    }
    all
}

/// Moves all episodes to the link below the first router.
fn one_router(world: &mut World) {
    world.routers = 1;
    world.episodes.iter_mut().for_each(|episode| episode.lan = 1);
    world.rivals.truncate(1);
    world.rivals.iter_mut().for_each(|Rival { lan, .. }| *lan = 1);
    // Beside an older router no host speaks of sources.
    if world.episodes.iter().any(|one| matches!(one.kind, Kind::Sources(_))) {
        world.rivals.iter_mut().for_each(|rival| rival.is_older = false);
    }
}

fn simpler(episode: &mut Episode) {
    episode.start = 1_000;
    episode.stay = 3_000;
}

/// Leaves out the last record.
fn fewer(episode: &mut Episode) {
    if let Kind::Table(rows) = &mut episode.kind {
        rows.count = rows.count.saturating_sub(1).max(1);
    }
}

/// Each takes one parameter from the other set.
const PARAMS: [fn(&mut Params, &Params); 6] = [
    |params, plain| params.knobs.robustness = plain.knobs.robustness,
    |params, plain| {
        params.knobs.query_interval = plain.knobs.query_interval;
        params.knobs.query_response_interval = plain.knobs.query_response_interval;
    },
    |params, plain| params.knobs.startup_query_count = plain.knobs.startup_query_count,
    |params, plain| {
        params.knobs.last_member_query_interval = plain.knobs.last_member_query_interval;
        params.knobs.last_member_query_count = plain.knobs.last_member_query_count;
    },
    |params, plain| params.keepalive = plain.keepalive,
    |params, plain| params.ttl_threshold = plain.ttl_threshold,
];
