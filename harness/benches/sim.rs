//! What the simulator costs as networks grow: `cargo bench -p castnet-lab --bench sim`.
//!
//! Each row is a process of its own, so that its peak memory can be read. Times are those that the
//! process had a processor, because it may have to share one. An event is one input of one machine:
//! a frame or a datagram to a host or a router, an act, or a timer. `-- lan`, `-- stream`, `--
//! channel`, `-- tree`, `-- world` or `-- chain` runs only these rows, and `-- igmpv2`, `-- igmpv3`, `--
//! mldv1` or `-- mldv2` only those of a protocol; a channel is a stream whose source all members have
//! named, a world is a tree with a hundred listeners at each of its last routers, and the chains are
//! those of `benches/ns3/chain.cc`.

use std::error::Error;
use std::process::Command;

use castnet_lab::backend::peak_memory;
use castnet_lab::plan::{Plan, compile};
use castnet_lab::sim::{self, Progress};

/// A LAN of so many members: all join at once, answer three Queries, and some come and go.
const LAN: &str = r#"
title = "a LAN of many members"
record = "claimed"
family = "FAMILY"
end = "130s"
[generate]
lan = { hosts = HOSTS }
SPOKEN
[[act]]
at = "1s"
join = { who = "h1", group = "GROUP1" }
[[act]]
at = "2s"
churn = { who = "h1", group = "GROUP2", rate = "100/s", stay = "30s" }
[[expect]]
members = { of = "r1", on = "lan1", groups = ["GROUP1", "GROUP2"] }
at = "start + 120s"
"#;

/// The LAN of [`LAN`] with a stream that all members read.
const STREAM: &str = r#"
title = "a stream to a LAN of many members"
record = "claimed"
family = "FAMILY"
end = "12s"
[generate]
lan = { hosts = HOSTS, group = "GROUP1" }
SPOKEN
[[act]]
at = "1s"
join = { who = "h1", group = "GROUP1" }
[[act]]
at = "2s"
send = { who = "s1", group = "GROUP1", rate = "10pps" }
[[expect]]
members = { of = "r1", on = "lan1", groups = ["GROUP1"] }
at = "start + 10s"
"#;

/// A tree of routers with listeners at each of the last ones, and a stream to all of them.
const TREE: &str = r#"
title = "a stream down a tree of routers"
record = "claimed"
family = "FAMILY"
end = "60s"
[generate]
tree = { fan-out = 10, depth = DEPTH, hosts = HOSTS, group = "GROUP1" }
SPOKEN
JOINS
[[act]]
at = "2s"
send = { who = "s1", group = "GROUP1", rate = "10pps" }
[[expect]]
mfc = { of = "r1", group = "GROUP1", source = "s1", iif = "up", oifs = [OIFS] }
at = "start + 50s"
"#;

/// A chain of routers with hosts on the LAN of each, and a stream to all of them.
const CHAIN: &str = r#"
title = "a stream along a chain of routers"
record = "claimed"
family = "FAMILY"
end = "12100ms"
[generate]
chain = { routers = ROUTERS, hosts = HOSTS, group = "GROUP1" }
SPOKEN
JOINS
[[act]]
at = "2s"
send = { who = "s1", group = "GROUP1", rate = "1000pps", for = "10s", ttl = 255 }
[[expect]]
mfc = { of = "r1", group = "GROUP1", source = "s1", packets = ">= 9000" }
at = "start + 11800ms"
"#;

/// The number of listeners at each of the last routers of a world.
const HUNDRED: u64 = 100;

/// The chains that ns-3 runs too: routers, and hosts on the LAN of each.
const CHAINS: [(u64, u64); 4] = [(1, 10), (10, 10), (50, 10), (50, 1)];

/// The acts by which these hosts join.
fn joins(hosts: std::ops::RangeInclusive<u64>) -> String {
    let join = |n| {
        let who = format!("who = \"h{n}\", group = \"GROUP1\"");
        format!("[[act]]\nat = \"1s\"\njoin = {{ {who} }}\n")
    };
    hosts.map(join).collect()
}

/// What routers and hosts speak in a row.
struct Protocol {
    name: &'static str,
    family: &'static str,
    /// `groups` or `sources`.
    version: &'static str,
    groups: [&'static str; 2],
}

const V4: [&str; 2] = ["239.1.1.1", "239.1.1.2"];
const V6: [&str; 2] = ["ff1e::1:1", "ff1e::1:2"];

/// IGMPv2 comes first, because the others are compared with it.
const PROTOCOLS: [Protocol; 4] = [
    Protocol { name: "igmpv2", family: "ipv4", version: "groups", groups: V4 },
    Protocol { name: "igmpv3", family: "ipv4", version: "sources", groups: V4 },
    Protocol { name: "mldv1", family: "ipv6", version: "groups", groups: V6 },
    Protocol { name: "mldv2", family: "ipv6", version: "sources", groups: V6 },
];

impl Protocol {
    /// The scenario of a row in this protocol.
    fn speak(&self, text: &str) -> String {
        let Self { version, groups: [one, other], .. } = self;
        let spoken = format!("membership = {{ version = \"{version}\" }}\nspeaks = \"{version}\"");
        let text = text.replace("FAMILY", self.family).replace("SPOKEN", &spoken);
        text.replace("GROUP1", one).replace("GROUP2", other)
    }
}

/// The number of hosts or routers in a row, and its scenario in a protocol.
fn scenario(kind: &str, step: u32, protocol: &Protocol) -> (u64, String) {
    let (each, text) = unspoken(kind, step);
    (each, protocol.speak(&text))
}

/// The number of hosts or routers in a row, and its scenario without what a protocol says.
fn unspoken(kind: &str, step: u32) -> (u64, String) {
    let many = 10_u64.pow(step);
    match kind {
        "chain" => {
            let (routers, hosts) = CHAINS[step as usize];
            let text = CHAIN.replace("ROUTERS", &routers.to_string());
            let text = text.replace("HOSTS", &hosts.to_string());
            (routers * hosts, text.replace("JOINS", &joins(1..=routers)))
        }
        "lan" => (many, LAN.replace("HOSTS", &many.to_string())),
        "stream" => (many, STREAM.replace("HOSTS", &many.to_string())),
        "channel" => {
            let text = STREAM.replace("who = \"h1\"", "who = \"h1\", from = [\"s1\"]");
            (many, text.replace("HOSTS", &many.to_string()))
        }
        _ => {
            let routers = (0..=step).map(|level| 10_u64.pow(level)).sum();
            let first = routers - many + 1;
            let oifs: Vec<String> = (2..=11).map(|n| format!("\"c{n}\"")).collect();
            let text = TREE
                .replace("DEPTH", &(step + 1).to_string())
                .replace("JOINS", &joins(first..=routers));
            let hosts = if kind == "world" { HUNDRED } else { 1 };
            let text = text.replace("HOSTS", &hosts.to_string());
            let each = if kind == "world" { many * hosts } else { routers };
            (each, text.replace("OIFS", &oifs.join(", ")))
        }
    }
}

fn plan(text: &str) -> Plan {
    compile("bench.toml", text).unwrap_or_else(|wrong| panic!("{}", wrong.render(false)))
}

/// The peak memory of this process, in octets.
fn peak() -> u64 {
    peak_memory().unwrap_or_default()
}

/// Work shorter than this, in seconds, is repeated, because the clock is coarse.
const SHORTEST: f64 = 0.2;

/// How long this process has had a processor, in seconds (proc_pid_schedstat(5)).
fn busy() -> f64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanos = text.split(' ').next().and_then(|nanos| nanos.parse::<f64>().ok());
    nanos.unwrap_or(0.0) / 1e9
}

fn row(kind: &str, step: u32, protocol: &Protocol) {
    // With ten hosts the program's own memory would count as theirs.
    if kind != "chain" {
        _ = sim::run(&plan(&scenario(kind, 1, protocol).1), |_| true);
    }
    let before = peak();
    let (many, text) = scenario(kind, step, protocol);
    let plan = plan(&text);
    let (began, mut runs) = (busy(), 0.0);
    let mut last = Progress::default();
    let (recording, took) = loop {
        let recording = sim::run(&plan, |progress| {
            last = progress;
            true
        })
        .expect("a plan that can be played");
        runs += 1.0;
        let took = busy() - began;
        if took > SHORTEST {
            break (recording, took / runs);
        }
    };
    if let (Some(recording), true) = (&recording, kind == "chain") {
        let alone = recording.unkept.reads == 0;
        let read = if alone { recording.deliveries.len() as u64 } else { recording.unkept.reads };
        let (routers, hosts) = CHAINS[step as usize];
        let rate = read as f64 / took / 1e6;
        println!("{routers} x {hosts}: {read} receptions, {rate:.2} M a second");
    }
    let verdict = recording.map(|recording| castnet_lab::judge::judge(&plan, &recording));
    let outcome = verdict.map_or_else(|| "none".to_owned(), |verdict| verdict.outcome.to_string());
    println!(
        "{kind:<7} {:<7} {many:>8} {:>12} {took:>8.3} {:>8.2} {:>10.0} {:>8}  {outcome}",
        protocol.name,
        last.events,
        last.events as f64 / took / 1e6,
        last.now.since_start().as_secs_f64() / took,
        peak().saturating_sub(before) / many,
    );
}

/// The kinds of rows.
const KINDS: [&str; 6] = ["lan", "stream", "channel", "tree", "world", "chain"];

/// Whether a name is among the words, or none of all names is.
fn is_meant(words: &[String], name: &str, all: &[&str]) -> bool {
    let mut some = words.iter().filter(|word| all.contains(&word.as_str())).peekable();
    some.peek().is_none() || some.any(|word| word == name)
}

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    if let [one, kind, step, rest @ ..] = words.as_slice()
        && one == "--row"
    {
        let named = |protocol: &&Protocol| rest.first().is_none_or(|name| name == protocol.name);
        row(kind, step.parse()?, PROTOCOLS.iter().find(named).ok_or("no such protocol")?);
        return Ok(());
    }
    let names = PROTOCOLS.map(|protocol| protocol.name);
    println!("                              events    cpu s   Mev/s  sim s / s   B each  verdict");
    for (kind, steps) in KINDS.into_iter().zip([3..=6, 3..=6, 3..=6, 1..=4, 4..=4, 0..=3]) {
        if !is_meant(&words, kind, &KINDS) {
            continue;
        }
        for step in steps {
            for name in names.into_iter().filter(|name| is_meant(&words, name, &names)) {
                let mut row = Command::new(std::env::current_exe()?);
                row.args(["--row", kind, &format!("{step}"), name]).status()?;
            }
        }
    }
    Ok(())
}
