//! From a world that fails to a smaller one that fails in the same way.

use crate::backend::RunError;

use super::episode::{Episode, Kind};
use super::params::Params;
use super::world::{Rival, World};

/// How many worlds are tried at most.
const AT_MOST: u32 = 400;

/// Takes away and simplifies, one thing at a time, for as long as what is left still `fails`; returns it,
/// and how many worlds were tried.
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

/// Smaller worlds, those that promise most first.
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
    with(&|world| world.params = Params::plain());
    for param in PARAMS {
        with(&|world| param(&mut world.params, &Params::plain()));
    }
    for index in 0..world.episodes.len() {
        with(&|world| world.episodes[index].kind = Kind::Member);
        with(&|world| simpler(&mut world.episodes[index]));
    }
    all
}

/// All on the link below the first router.
fn one_router(world: &mut World) {
    world.routers = 1;
    world.episodes.iter_mut().for_each(|episode| episode.lan = 1);
    world.rivals.truncate(1);
    world.rivals.iter_mut().for_each(|Rival { lan, .. }| *lan = 1);
}

fn simpler(episode: &mut Episode) {
    episode.start = 1_000;
    episode.stay = 3_000;
}

/// One parameter each that is as in the other.
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
