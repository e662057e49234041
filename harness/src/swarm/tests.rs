use castnet::addr::Family;

use crate::backend::Cancel;

use super::episode::Kind;
use super::params::Params;
use super::shrink::shrink;
use super::world::World;
use super::{scenario, search};

/// These seeds take a second or two; `castnet swarm` tries any number.
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

/// Three startup Queries come closer than the answers to them may: one answer is that of two
/// Queries, or each has its own.
#[test]
fn one_answer_to_a_query_is_claimed_only_where_no_other_query_is_near() {
    let seed = 5_029_526;
    let params = World::draw(seed).params;
    assert!(params.knobs.startup_query_interval() < params.knobs.query_response_interval);
    assert!(search(seed, &Cancel::new()).unwrap().is_none());
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
    assert_eq!(small.params, Params::plain(Family::V4, small.params.knobs.version));
    assert!(tried > 4);
}

/// A time in the scenarios' notation, `start + 5139ms` or `5139ms`.
fn milliseconds(time: &toml::Value) -> u64 {
    let text = time.as_str().unwrap();
    text.trim_start_matches("start + ").trim_end_matches("ms").parse().unwrap()
}

#[test]
fn a_stream_lasts_as_long_as_it_is_said_to_stay_away() {
    let mut claims = 0;
    for seed in 1..=SEEDS {
        let scenario: toml::Table = scenario(seed).parse().unwrap();
        let sent = |group: &toml::Value| {
            let acts = scenario["act"].as_array().unwrap().iter();
            let send =
                acts.filter(|act| act.get("send").is_some_and(|send| send["group"] == *group));
            send.map(|act| milliseconds(&act["at"]) + milliseconds(&act["send"]["for"])).max()
        };
        for expect in scenario["expect"].as_array().unwrap() {
            let Some(packet) = expect.get("packet").filter(|packet| packet.get("group").is_some())
            else {
                continue;
            };
            let none = expect.get("count").is_some_and(|count| count.as_integer() == Some(0));
            if none && packet["kind"].as_str() == Some("data") {
                let end = milliseconds(&expect["after"]) + milliseconds(&expect["within"]);
                let group = &packet["group"];
                assert!(sent(group).is_some_and(|over| over >= end), "seed {seed}: {group}");
                claims += 1;
            }
        }
    }
    assert!(claims > 100, "{claims} claims");
}
