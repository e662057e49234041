//! The scripts for a host of which sockets name sources.

use std::net::Ipv4Addr;

use castnet_lab::sim::model::host::Wish;

use crate::host::Stimulus::{self, Down, Hear, Join, Leave, Listen, Up};
use crate::host::check;
use crate::packets::*;

/// 10.7.0.n
fn source(n: u16) -> Ipv4Addr {
    Ipv4Addr::from_bits(0x0a07_0000 + u32::from(n))
}

fn sources(numbers: &[u16]) -> Vec<Ipv4Addr> {
    numbers.iter().map(|&n| source(n)).collect()
}

fn include(socket: usize, group: Ipv4Addr, numbers: &[u16]) -> Stimulus {
    Listen(socket, group, Wish { excluded: false, sources: sources(numbers) })
}

fn exclude(socket: usize, group: Ipv4Addr, numbers: &[u16]) -> Stimulus {
    Listen(socket, group, Wish { excluded: true, sources: sources(numbers) })
}

/// One source after the other, with all repeats, and then 30 ms apart.
pub(crate) async fn come_and_go() {
    let (a, b) = (group(1), group(2));
    let steps = vec![
        (0, include(0, a, &[1])),
        (1_400, include(0, a, &[1, 2])),
        (2_800, include(0, a, &[2])),
        (4_200, Leave(0, a)),
        (5_600, include(0, b, &[1])),
        (5_630, include(0, b, &[1, 2])),
        (5_660, include(0, b, &[2, 3])),
        (5_690, Leave(0, b)),
        (5_720, include(0, b, &[2])),
    ];
    check(None, steps, 7_200).await;
}

/// Both modes, and the changes between them.
pub(crate) async fn modes() {
    let a = group(1);
    let steps = vec![
        (0, Join(0, a)),
        (1_400, exclude(0, a, &[1])),
        (2_800, exclude(0, a, &[])),
        (4_200, exclude(0, a, &[1, 2])),
        (5_600, include(0, a, &[1, 3])),
        (7_000, include(0, a, &[3, 4])),
        (8_400, exclude(0, a, &[])),
        // Several changes before the first is told.
        (9_800, exclude(0, a, &[1])),
        (9_801, exclude(0, a, &[2])),
        (11_200, exclude(0, group(2), &[5, 6])),
        (11_230, exclude(0, group(2), &[6])),
    ];
    check(None, steps, 12_600).await;
}

/// What one socket includes, the other one cannot exclude.
pub(crate) async fn two_sockets() {
    let a = group(1);
    let steps = vec![
        (0, include(0, a, &[1])),
        (1_400, Join(1, a)),
        (2_800, exclude(1, a, &[1])),
        (4_200, include(0, a, &[2])),
        (5_600, exclude(0, a, &[1, 3])),
        (7_000, Leave(1, a)),
        (8_400, include(1, a, &[3])),
        (9_800, Leave(0, a)),
        (11_200, Leave(1, a)),
    ];
    check(None, steps, 12_600).await;
}

/// TO_IN is lost if another socket joins a source before it is told.
pub(crate) async fn a_mode_that_is_never_told() {
    let a = group(1);
    let steps = vec![
        (0, Join(0, a)),
        (1_400, Leave(0, a)),
        (1_400, include(1, a, &[5])),
        (2_800, Leave(1, a)),
        (2_800, Join(0, a)),
        (4_200, Leave(0, a)),
        (4_240, include(1, a, &[5])),
    ];
    check(None, steps, 5_800).await;
}

pub(crate) async fn included_answers() {
    let a = group(1);
    let steps = vec![
        (0, include(0, a, &[1, 2])),
        (1_400, Hear(v3_query(NOBODY, 5, &[]))),
        (2_200, Hear(v3_query(a, 5, &[]))),
        (3_000, Hear(v3_query(a, 5, &sources(&[1])))),
        (3_800, Hear(v3_query(a, 5, &sources(&[3])))),
        (4_600, Hear(v3_query(a, 5, &sources(&[1])))),
        (4_603, Hear(v3_query(a, 5, &sources(&[2])))),
        (5_400, Hear(v3_query(a, 5, &sources(&[1])))),
        (5_402, Hear(v3_query(a, 5, &[]))),
        // A Query for the group takes nothing back, and one for a source adds nothing to it.
        (6_200, Hear(v3_query(a, 5, &[]))),
        (6_202, Hear(v3_query(a, 5, &sources(&[2])))),
        (7_000, Hear(v3_query(NOBODY, 5, &sources(&[1])))),
    ];
    check(None, steps, 7_800).await;
}

pub(crate) async fn excluded_answers() {
    let (a, b) = (group(1), group(2));
    let steps = vec![
        (0, exclude(0, a, &[1])),
        (0, Join(0, b)),
        (1_400, Hear(v3_query(NOBODY, 5, &[]))),
        (2_200, Hear(v3_query(a, 5, &[]))),
        (3_000, Hear(v3_query(a, 5, &sources(&[1])))),
        (3_800, Hear(v3_query(a, 5, &sources(&[1, 3])))),
        (4_600, Hear(v3_query(b, 5, &sources(&[1])))),
        (5_400, include(1, a, &[1])),
        (6_800, Hear(v3_query(a, 5, &sources(&[1])))),
    ];
    check(None, steps, 7_600).await;
}

/// A long list is continued in the next packet, or cut off in IS_EX and TO_EX.
pub(crate) async fn more_than_fit() {
    let (a, b) = (group(1), group(2));
    let many: Vec<u16> = (1..=400).collect();
    let steps = vec![
        (0, include(0, a, &many)),
        (1_400, exclude(0, b, &many)),
        (2_800, Hear(v3_query(NOBODY, 5, &[]))),
        (3_600, include(0, b, &many[..100])),
        (5_000, Leave(0, a)),
    ];
    check(None, steps, 6_400).await;
}

pub(crate) async fn in_version_2() {
    let a = group(1);
    let steps = vec![
        (0, include(0, a, &[1])),
        (100, Hear(older_query(NOBODY, 1))),
        (500, include(0, a, &[1, 2])),
        (600, exclude(1, a, &[3])),
        (700, Leave(1, a)),
        (800, Hear(older_query(NOBODY, 1))),
        (1_200, Leave(0, a)),
        (1_300, include(0, a, &[4])),
    ];
    check(Some(2), steps, 1_700).await;
}

pub(crate) async fn down_and_up() {
    let (a, b) = (group(1), group(2));
    let steps = vec![
        (0, include(0, a, &[1, 2])),
        (0, exclude(0, b, &[3])),
        (1_400, Down),
        (1_500, include(0, a, &[2])),
        (1_600, Up),
        (3_000, Leave(0, a)),
        // Linux has sent the first Report of the Leave by now.
        (3_060, Down),
        (3_100, Up),
    ];
    check(None, steps, 4_700).await;
}
