//! What smcrouted does without smcroute's programs: for those who call smcroute, and for those who had
//! trouble with it.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;

use libtest_mimic::Failed;

use crate::bench::{
    Daemon, Done, SMCROUTECTL, SMCROUTED, connected, is_silent, lan, run, run_with, until,
};
use crate::rig::{Node, beside};

const FILE: &str = "\
phyint e0 enable
phyint e1 enable
mroute from e0 source 10.0.1.10 group 239.1.1.1 to e1
";

fn expect(done: &Done, code: i32, parts: &[&str]) -> Result<(), Failed> {
    match done.0 == code && parts.iter().all(|part| done.1.contains(part)) {
        true => Ok(()),
        false => Err(format!("not exit {code} with {parts:?}: {done:?}").into()),
    }
}

/// The command lines of those who call smcroute, each word as it is there, with a /run of their own. `MCD`
/// and `MC_CLI` are the names that the selftests of Linux have for the two programs.
const CALLERS: &str = r#"
set -eu
mount -t tmpfs none /run
table_name=castnet-callers
conf=$TMP/$table_name.conf

# tools/testing/selftests/net/forwarding/router_multicast.sh
: > "$conf"
for name in e0 e1; do echo "phyint $name enable" >> "$conf"; done
"$MCD" -N -I "$table_name" -f "$conf" -P "/run/$table_name.pid"
until [ -s "/run/$table_name.pid" ]; do sleep 0.02; done
"$MC_CLI" -I "$table_name" add e0 10.0.1.10 225.1.2.3 e1
grep -q '^030201E1' /proc/net/ip_mr_cache
"$MC_CLI" -I "$table_name" remove e0 10.0.1.10 225.1.2.3 e1
"$MC_CLI" -I "$table_name" add e0 ff0e::3 e1
pid=$(cat "/run/$table_name.pid")
kill "$pid"
while [ -e "/run/$table_name.pid" ]; do sleep 0.02; done

# tools/testing/selftests/net/amt.sh
echo 'phyint e0 enable
phyint e1 enable' > "$conf"
"$MCD" -n -f "$conf" & pid=$!
until [ -s /run/smcroute.pid ]; do sleep 0.02; done
"$MC_CLI" a e0 10.0.1.10 239.0.0.1 e1
grep -q '^010000EF' /proc/net/ip_mr_cache
"$MC_CLI" a e0 2001:db8:1::2 ff5e:5e::2 e1
# OpenThread's border router
"$MC_CLI" add e0 :: :: 16 e1 && exit 1
"$MC_CLI" restart
# Mininet's examples: options after the verb
"$MC_CLI" add e0 239.0.0.2 e1 -i smcroute
"$MC_CLI" show routes -p -d | grep -q '^(\*, 239.0.0.2)  *e0  *0  *0  e1$'
"$MC_CLI" kill
wait "$pid"

# NixOS
"$MCD" -n -s -f "$conf" -l debug -I other & pid=$!
until [ -s /run/other.pid ]; do sleep 0.02; done
"$MC_CLI" -i other -j show interfaces | grep -q '"name":"e0"'
"$MC_CLI" -i other kill
wait "$pid"

# Whether the option is there
"$MCD" -h | grep -q -- '-i NAME'
echo done
"#;

pub(crate) async fn callers() -> Result<(), Failed> {
    let nodes = connected()?;
    let folder = env!("CARGO_TARGET_TMPDIR");
    let line = format!("MCD={SMCROUTED} MC_CLI={SMCROUTECTL} TMP={folder} exec unshare -m bash");
    let done = run_with(&nodes[1], "bash", &["-c", &line], CALLERS)?;
    expect(&done, 0, &["done\n"])
}

/// A reload of a file with a mistake is refused with its place, and costs no datagram.
pub(crate) async fn typo() -> Result<(), Failed> {
    let nodes = connected()?;
    let [source, r1, host] = &nodes;
    let daemon = Daemon::named(r1, "typo", FILE)?;
    daemon.start(SMCROUTED, &[]).await?;
    let member = host.member("10.0.2.10")?;
    let config = daemon.config().display().to_string();
    let beside_it = beside(source.source("10.0.1.10")?, async {
        member.is_served().await?;
        let first = member.next().await?;
        daemon.write(&FILE.replace("239.1.1.1", "239.1.1"))?;
        let done = daemon.ctl(SMCROUTECTL, &["reload"])?;
        let caret = "^^^^^^^\n";
        expect(&done, 1, &[&format!("{config}:3: error: `239.1.1` is no address"), caret])?;
        expect(&run(r1, SMCROUTED, &["-N", "-F", &config])?, 78, &["conf:3: error:", caret])?;
        // What is right is taken, and costs none either.
        daemon.write(&format!("{FILE}mroute from e0 group 239.2.2.2 to e1\n"))?;
        expect(&daemon.ctl(SMCROUTECTL, &["reload"])?, 0, &[])?;
        expect(&run(r1, SMCROUTED, &["-N", "-F", &config])?, 0, &[])?;
        let last = member.next().await?;
        let mut numbers = vec![first, last];
        numbers.extend(member.drain());
        Ok(numbers)
    });
    let numbers = beside_it.await?;
    let is_next = |pair: &[u32]| pair[1] == pair[0] + 1;
    match numbers.windows(2).all(is_next) {
        true => Ok(()),
        false => Err(format!("datagrams are missing: {numbers:?}").into()),
    }
}

/// Forty clients that leave before their answer, one that says nothing, and one that sends nonsense.
pub(crate) async fn strangers() -> Result<(), Failed> {
    let nodes = connected()?;
    let [_, r1, _] = &nodes;
    let daemon = Daemon::named(r1, "strangers", FILE)?;
    daemon.start(SMCROUTED, &[]).await?;
    let connect = || UnixStream::connect(daemon.socket());
    let idle = connect()?;
    let mut half = connect()?;
    half.write_all(&[42, 0, 0])?;
    let message =
        castnet::daemon::smcroute::wire::Message { verb: 's', words: vec!["routes".to_owned()] };
    for _ in 0..40 {
        connect()?.write_all(&message.encode())?;
    }
    let mut nonsense = connect()?;
    nonsense.write_all(&[0xff; 64])?;
    let mut answer = Vec::new();
    nonsense.read_to_end(&mut answer)?;
    assert_eq!(answer, b"", "nonsense is not answered");
    // Two requests at once are two answers.
    let mut two = connect()?;
    two.write_all(&[message.encode(), message.encode()].concat())?;
    two.read_to_end(&mut answer)?;
    assert_eq!(answer.iter().filter(|octet| **octet == 0).count(), 2);
    expect(&daemon.ctl(SMCROUTECTL, &["show"])?, 0, &["(10.0.1.10, 239.1.1.1)"])?;
    drop((idle, half));
    let pid = daemon.pid()?;
    expect(&daemon.ctl(SMCROUTECTL, &["kill"])?, 0, &[])?;
    daemon.is_gone(pid).await
}

/// An interface that vanishes and returns, and more interfaces than one for a pattern.
pub(crate) async fn returns() -> Result<(), Failed> {
    let nodes = connected()?;
    let [source, r1, host] = &nodes;
    let file = "phyint e0 enable\nphyint e1+ enable\n\
                mroute from e0 group 239.1.1.1 to e1+\nmgroup from e0 group 239.1.1.1\n";
    let daemon = Daemon::named(r1, "returns", file)?;
    daemon.start(SMCROUTED, &[]).await?;
    {
        let member = host.member("10.0.2.10")?;
        beside(source.source("10.0.1.10")?, member.is_served()).await?;
    }
    r1.ip("link del e1")?;
    // It learns of that from the kernel, and not at once.
    until("the route waits for its interface", || {
        let pending = daemon.ctl(SMCROUTECTL, &["show", "pending"]);
        pending.is_ok_and(|Done(code, text)| code == 0 && text.contains("(*, 239.1.1.1)"))
    })
    .await?;
    lan(&nodes)?;
    for (name, address) in [("e1b", "10.0.3"), ("e1c", "10.0.4")] {
        let (own, other) = (format!("{address}.1/24"), format!("{address}.10/24"));
        r1.wire((name, &own), host, (name, &other))?;
    }
    for address in ["10.0.2.10", "10.0.3.10", "10.0.4.10"] {
        let member = host.member(address)?;
        beside(source.source("10.0.1.10")?, member.is_served()).await?;
    }
    // A link of the source that returns is joined anew.
    r1.ip("link del e0")?;
    r1.wire(("e0", "10.0.1.1/24"), source, ("eth0", "10.0.1.10/24"))?;
    let member = host.member("10.0.2.10")?;
    beside(source.source("10.0.1.10")?, member.is_served()).await?;
    let groups = daemon.ctl(SMCROUTECTL, &["-j", "show", "groups"])?;
    let joined = r#"{"group":"239.1.1.1","iif":"e0","source":null}"#;
    assert_eq!(groups.1.matches(joined).count(), 2, "{groups:?}");
    is_silent(&member).await
}

/// The command of `-e`, which writes down what it is called with.
pub(crate) async fn hook() -> Result<(), Failed> {
    let nodes = connected()?;
    let [source, r1, host] = &nodes;
    let file = "phyint e0 enable\nphyint e1 enable\nmroute from e0 group 239.1.0.0/16 to e1\n";
    let daemon = Daemon::named(r1, "hook", file)?;
    let (script, heard) = (daemon.path("sh"), daemon.path("heard"));
    let text = format!("echo $1 $source $group >> {}\n", heard.display());
    std::fs::write(&script, text)?;
    let says = |wanted: &'static str| {
        let heard = heard.clone();
        until(wanted, move || std::fs::read_to_string(&heard).is_ok_and(|text| text == wanted))
    };
    daemon.start(SMCROUTED, &["-e", &format!("sh {}", script.display())]).await?;
    says("reload\n").await?;
    let member = host.member("10.0.2.10")?;
    beside(source.source("10.0.1.10")?, member.is_served()).await?;
    says("reload\ninstall 10.0.1.10 239.1.1.1\n").await?;
    expect(&daemon.ctl(SMCROUTECTL, &["reload"])?, 0, &[])?;
    says("reload\ninstall 10.0.1.10 239.1.1.1\nreload\n").await?;
    std::fs::remove_file(script)?;
    Ok(std::fs::remove_file(heard)?)
}

pub(crate) async fn codes() -> Result<(), Failed> {
    let nodes = connected()?;
    let [_, r1, _] = &nodes;
    let daemon = Daemon::named(r1, "codes", FILE)?;
    daemon.start(SMCROUTED, &[]).await?;
    let (good, config) = (daemon.config(), daemon.config().display().to_string());
    let socket = daemon.socket().with_extension("other").display().to_string();
    let start = |node: &Node, words: &[&str]| {
        run(node, SMCROUTED, &[&["-n", "-f", &config, "-u", &socket], words].concat())
    };
    expect(&start(r1, &[])?, 69, &["another process owns multicast routing"])?;
    expect(&start(r1, &["-u", daemon.socket().to_str().unwrap_or_default(), "-t", "9"])?, 69, &[])?;
    expect(&run(r1, SMCROUTED, &["-n", "--frobnicate"])?, 64, &["--frobnicate"])?;
    expect(&run(r1, SMCROUTED, &["-F", "/nowhere.conf"])?, 78, &["/nowhere.conf"])?;
    let words = ["--reuid", "65534", "--clear-groups", SMCROUTED, "-n", "-f", &config];
    expect(&run(r1, "setpriv", &words)?, 77, &[])?;
    std::fs::write(&good, "mroute fromage e0 group 239.1.1.1 to e1\n")?;
    expect(&run(r1, SMCROUTED, &["-F", &config])?, 0, &["takes `fromage` for `from`"])?;
    expect(&run(r1, SMCROUTED, &["-F", &config, "--strict"])?, 78, &["`fromage`"])?;
    let made = run(r1, SMCROUTED, &["-F", &config, "--to-toml"])?;
    expect(&made, 0, &["[[rule]]\nfrom = \"e0\"", "group = \"239.1.1.1/32\""])?;
    for (words, part) in [
        (&["r", "e0", "239.1.1.1"][..], "ambiguous"),
        (&["frobnicate"], "frobnicate"),
        (&["show", "frobnicate"], "frobnicate"),
        (&["remove", "e0", "239.9.9.9"], "no route from e0 (*, 239.9.9.9)"),
    ] {
        let done = daemon.ctl(SMCROUTECTL, words)?;
        if done.0 != 1 {
            return Err(format!("{words:?} {part}: {done:?}").into());
        }
    }
    Ok(())
}
