//! How many frames a link loses, reorders and carries, with the kernel as its carrier and with
//! castnet's own wire: `cargo bench -p castnet-lab --bench wire [-- PPS...]`, with the right to
//! make namespaces.
//!
//! Two nodes send 60-byte frames to each other, in bursts every millisecond; a rate is the sum of
//! both directions. Everything is captured at both ends and judged by the capture, as in any run: a
//! frame's latency is from the sender's stamp to the receiver's. Threads run at real-time priority
//! where they may. A rate that the senders did not reach is marked, since frames that were not sent
//! cannot be lost.
//!
//! The benchmark fails if a frame was lost or reordered without an error, or if 50,000 frames a
//! second or fewer were not carried.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use castnet_lab::backend::faults::Faults;
use castnet_lab::fabric;
use castnet_lab::lab::link::{self, Medium};
use castnet_lab::lab::{
    Capture, Captured, Carrier, LabError, LinkSpec, Netns, PROOF_BOUND, PortSpec, Precedence, Tap,
    privilege,
};
use castnet_lab::role::Clock;
use tokio::runtime::{Builder, Runtime};

const TICKS: u64 = 4_000;
const TICK: Duration = Duration::from_millis(1);
/// Up to this rate every frame must be carried.
const OWED: u64 = 50_000;
const RATES: [u64; 7] = [2_000, 20_000, 50_000, 100_000, 150_000, 200_000, 250_000];

fn main() {
    if let Err(refusal) = privilege::enter() {
        eprintln!("{refusal}");
        std::process::exit(1);
    }
    let _first = Precedence::take();
    let given: Vec<u64> = std::env::args().filter_map(|arg| arg.parse().ok()).collect();
    let rates = if given.is_empty() { RATES.to_vec() } else { given };
    println!("carrier  offered/s   sent/s      sent  lost  reordered  median us  99 % us  max us");
    let mut wrong = 0;
    for carrier in [Carrier::Kernel, Carrier::Process] {
        for &rate in &rates {
            let (row, fine) = match reactor().block_on(run(carrier, rate)) {
                Ok(captured) => judge(&captured, rate),
                Err(error) => (error.to_string(), rate > OWED),
            };
            println!("{:<8} {rate:>9}  {row}", format!("{carrier:?}"));
            wrong += i32::from(!fine);
        }
    }
    if wrong > 0 {
        eprintln!("{wrong} rates were not carried, or not in order");
        std::process::exit(1);
    }
}

fn reactor() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a reactor")
}

async fn run(carrier: Carrier, rate: u64) -> Result<Vec<Captured>, LabError> {
    let name = |number| Netns::create(format!("h{number}")).expect("a namespace");
    let netns = [name(1), name(2)];
    let port = |netns: usize| PortSpec {
        netns,
        ifname: "lan".to_owned(),
        mac: [2, 0, 0, 0, 0, netns as u8 + 1],
        addresses: vec![],
    };
    let links = [LinkSpec { name: "lan".to_owned(), ports: vec![port(0), port(1)], carrier }];
    let built = link::build(&netns, &links).await?;
    let mut capture = Capture::start(&netns, &links, &built)?;
    capture.prove(PROOF_BOUND).await?;
    if let Medium::Wire(wire) = &built.media[0] {
        let rules = fabric::Wire::new("lan", 2, vec![], 1);
        wire.plug(Arc::new(Mutex::new(Faults::new(rules, Clock::start()))));
    }
    let senders = [0, 1].map(|port| {
        let (tap, ifindex) = (Tap::open(&netns[port]).expect("a tap"), built.ifindex[0][port]);
        let (done, sent) = tokio::sync::oneshot::channel();
        thread::spawn(move || {
            reactor().block_on(send(&tap, ifindex, port as u8, rate / 2));
            let _listening = done.send(());
        });
        sent
    });
    for sent in senders {
        sent.await.expect("a sender that ends");
    }
    capture.finish(PROOF_BOUND).await
}

async fn send(tap: &Tap, ifindex: u32, port: u8, rate: u64) {
    let mut pace = tokio::time::interval(TICK);
    let mut number = 0;
    for tick in 1..=TICKS {
        pace.tick().await;
        while number < rate * tick / 1_000 {
            let mut frame = [0; 60];
            frame[..6].fill(0xff);
            frame[6..14].copy_from_slice(&[2, 0, 0, 0, 0, port + 1, 0x88, 0xb6]);
            frame[14..22].copy_from_slice(&number.to_be_bytes());
            tap.send(ifindex, &frame).expect("a frame that leaves");
            number += 1;
        }
    }
}

/// One row: the frames lost and reordered between the two captures, and the latency. Returns
/// whether that is as it should be.
fn judge(captured: &[Captured], offered: u64) -> (String, bool) {
    let (mut sent, mut lost, mut reordered, mut took) = (0, 0, 0, Vec::new());
    for from in [0, 1] {
        let numbers = |port: usize, outgoing: bool| -> Vec<(u64, u64)> {
            let there = |one: &&Captured| one.port == port && one.frame.outgoing == outgoing;
            let number =
                |frame: &[u8]| frame[14..22].iter().fold(0, |sum, &o| sum << 8 | u64::from(o));
            let ours = captured.iter().filter(there);
            ours.map(|one| (number(&one.frame.bytes), one.frame.stamp_ns)).collect()
        };
        let (left, mut arrived) = (numbers(from, true), numbers(1 - from, false));
        reordered += arrived.windows(2).filter(|pair| pair[0].0 >= pair[1].0).count();
        arrived.sort_unstable();
        sent += left.len();
        lost += left.len() - arrived.len().min(left.len());
        took.extend(arrived.iter().filter_map(|(number, at_ns)| {
            let (_, left_ns) = left.get(*number as usize)?;
            Some(at_ns.saturating_sub(*left_ns))
        }));
    }
    took.sort_unstable();
    let part = |of_100: usize| {
        took.get((took.len() * of_100 / 100).min(took.len().max(1) - 1))
            .map_or(0.0, |&ns| ns as f64 / 1e3)
    };
    let ends = captured.first().zip(captured.last());
    let span_ns = ends.map_or(1, |(first, last)| last.frame.stamp_ns - first.frame.stamp_ns).max(1);
    let rate = sent as u64 * 1_000_000_000 / span_ns;
    let kept_up = rate >= offered * 98 / 100;
    let mark = if kept_up { " " } else { "!" };
    let fine = sent > 0 && lost == 0 && reordered == 0 && (kept_up || offered > OWED);
    let row = format!(
        "{rate:>7}{mark}  {sent:>8}  {lost:>4}  {reordered:>9}  {:>9.1}  {:>7.1}  {:>6.0}",
        part(50),
        part(99),
        part(100)
    );
    (row, fine)
}
