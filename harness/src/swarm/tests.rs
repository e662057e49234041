use crate::backend::Cancel;

use super::episode::Kind;
use super::params::Params;
use super::shrink::shrink;
use super::world::World;
use super::{scenario, search};

/// As many as take a second or two; `castnet swarm` tries as many as one likes.
const SEEDS: u64 = 100;

#[test]
fn nothing_is_found_in_the_core() {
    for seed in 1..=SEEDS {
        let found = search(seed, &Cancel::new()).unwrap();
        if let Some(found) = found {
            panic!("seed {seed}: {}\n{}", found.what, found.scenario);
        }
    }
}

#[test]
fn a_seed_draws_one_world() {
    assert_eq!(scenario(7), scenario(7));
    assert_ne!(scenario(7), scenario(8));
}

#[test]
fn what_fails_is_made_as_small_as_it_gets() {
    let vanishes = |world: &World| world.episodes.iter().any(|one| one.kind == Kind::Vanish);
    let is_large =
        |world: &World| world.routers == 3 && !world.rivals.is_empty() && world.episodes.len() > 3;
    let mut worlds = (1..).map(World::draw);
    let world = worlds.find(|world| vanishes(world) && is_large(world)).unwrap();
    let (small, tried) = shrink(world, |world| Ok(vanishes(world))).unwrap();
    assert_eq!((small.routers, small.rivals.len(), small.episodes.len()), (1, 0, 1));
    assert_eq!(small.params, Params::PLAIN);
    assert!(tried > 4);
}
