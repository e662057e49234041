//! The daemon as a process, in a network namespace of its own: it starts, owns its routing, reports
//! errors, and ends cleanly on SIGTERM.

use std::fs;
use std::io::{BufRead, BufReader, Read as _};
use std::os::fd::AsFd as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use castnet::kernel::readable;
use castnet_lab::capture::decode::decode;
use castnet_lab::lab::{
    BATCH_BYTES, Capture, Carrier, Frame, LinkSpec, Netns, PROOF_BOUND, PortSpec, Tap, link,
};
use castnet_lab::scenario::PacketKind;
use libtest_mimic::{Arguments, Failed, Trial};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

#[path = "../../../harness/tests/privileged/mod.rs"]
mod privileged;

const CASTNETD: &str = env!("CARGO_BIN_EXE_castnetd");

const GOOD: &str = "igmp = { query-interval = \"60s\", startup-query-interval = \"100ms\" }\n\
                    [[interface]]\nname = \"lan\"\n";

type Test = fn() -> Result<(), Failed>;

fn main() -> ExitCode {
    let tests: [(&str, Test); 6] = [
        ("sigterm_ends_it_cleanly", sigterm_ends_it_cleanly),
        ("sighup_has_it_read_its_configuration_again", sighup_reloads),
        ("multicast_routing_has_one_owner", multicast_routing_has_one_owner),
        ("check_names_what_is_wrong", check_names_what_is_wrong),
        ("the_unit_leaves_little_open", unit_is_closed),
        ("check_is_no_success_where_nobody_can_read_it", check_is_not_written),
    ];
    let trials = tests.map(|(name, test)| Trial::test(name, test));
    privileged::run(&Arguments::from_args(), trials.into_iter().collect())
}

/// Runs `body` with the namespaces of a router and a host on one link that carries.
fn with_lab(body: impl AsyncFnOnce(&[Netns]) -> Result<(), Failed>) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let netns = [Netns::create("r1")?, Netns::create("h1")?];
        let port = |netns: usize, last: u8| PortSpec {
            netns,
            ifname: "lan".to_owned(),
            mac: [2, 0, 0, 0, 0, last],
            addresses: vec![format!("10.0.0.{last}/24").parse().unwrap()],
        };
        let links = [LinkSpec {
            name: "lan".to_owned(),
            ports: vec![port(0, 1), port(1, 2)],
            carrier: Carrier::Kernel,
        }];
        let built = link::build(&netns, &links).await?;
        let mut capture = Capture::start(&netns, &links, &built)?;
        capture.prove(PROOF_BOUND).await?;
        body(&netns).await
    })
}

fn config(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("castnetd-{name}.toml"));
    fs::write(&path, text).unwrap();
    path
}

fn castnetd(netns: &Netns, command: &str, config: &PathBuf) -> std::io::Result<Child> {
    writing_to(Stdio::piped(), netns, command, config)
}

fn writing_to(
    stdout: Stdio,
    netns: &Netns,
    command: &str,
    config: &PathBuf,
) -> std::io::Result<Child> {
    let start = || {
        let mut castnetd = Command::new(CASTNETD);
        castnetd.arg(command).arg(config).stdout(stdout).stderr(Stdio::piped()).spawn()
    };
    netns.run(start)?
}

/// How the process ended, and what it wrote to standard error.
fn outcome(mut child: Child) -> std::io::Result<(Option<i32>, String)> {
    let code = child.wait()?.code();
    let mut text = String::new();
    if let Some(stderr) = &mut child.stderr {
        stderr.read_to_string(&mut text)?;
    }
    Ok((code, text))
}

fn vifs(netns: &Netns) -> std::io::Result<usize> {
    // The first line is a heading.
    let text = netns.run(|| fs::read_to_string("/proc/thread-self/net/ip_mr_vif"))??;
    Ok(text.lines().count().saturating_sub(1))
}

fn sigterm_ends_it_cleanly() -> Result<(), Failed> {
    with_lab(async |netns| {
        let tap = Tap::open(&netns[1])?;
        let child = castnetd(&netns[0], "run", &config("good", GOOD))?;
        wait_for_query(&tap, 100).await?;
        if vifs(&netns[0])? != 1 {
            return Err("the kernel has not been given its interface".into());
        }
        kill(Pid::from_raw(child.id().try_into()?), Signal::SIGTERM)?;
        let (code, log) = outcome(child)?;
        if code != Some(0) || !log.contains("lan: 0 datagrams in, 0 out") {
            return Err(format!("exit {code:?}:\n{log}").into());
        }
        if vifs(&netns[0])? != 0 {
            return Err("the kernel still has its interface".into());
        }
        Ok(())
    })
}

/// Reads the process's log until a line contains `part`.
fn wait_for_line(log: &mut impl BufRead, part: &str) -> Result<(), Failed> {
    let mut all = String::new();
    while log.read_line(&mut all)? > 0 {
        if all.lines().last().is_some_and(|line| line.contains(part)) {
            return Ok(());
        }
    }
    Err(format!("it never said `{part}`:\n{all}").into())
}

/// Waits for a General Query with this Max Response Time, in tenths of a second.
async fn wait_for_query(tap: &Tap, max_resp: u16) -> Result<(), Failed> {
    let heard = async {
        let mut space = vec![0; BATCH_BYTES];
        loop {
            readable(tap.as_fd()).await?;
            let mut frames = Vec::new();
            tap.receive(&mut space, &mut frames)?;
            let asks = |frame: &Frame| {
                let packet = decode(&frame.bytes);
                packet.is_some_and(|packet| {
                    packet.is(PacketKind::Query) && packet.max_resp_code == Some(max_resp)
                })
            };
            if frames.iter().any(asks) {
                return Ok(());
            }
        }
    };
    match tokio::time::timeout(Duration::from_secs(10), heard).await {
        Ok(heard) => heard,
        Err(_) => Err(format!("no Query with the Max Response Time {max_resp} in 10 s").into()),
    }
}

fn sighup_reloads() -> Result<(), Failed> {
    with_lab(async |netns| {
        let tap = Tap::open(&netns[1])?;
        let path = config("reload", GOOD);
        let mut child = castnetd(&netns[0], "run", &path)?;
        let pid = Pid::from_raw(child.id().try_into()?);
        let mut log = BufReader::new(child.stderr.take().ok_or("no standard error")?);
        wait_for_line(&mut log, "multicast between lan")?;
        wait_for_query(&tap, 100).await?;
        // A wrong configuration is refused, and the daemon goes on as before.
        for (text, part) in [
            (
                "igmp = { robustness = 0 }\n[[interface]]\nname = \"lan\"",
                "robustness must not be 0",
            ),
            ("table = 7\n[[interface]]\nname = \"lan\"", "the table and the user cannot change"),
        ] {
            config("reload", text);
            kill(pid, Signal::SIGHUP)?;
            wait_for_line(&mut log, part)?;
        }
        // With the interval from before, the next Query would come a minute later.
        let quick = GOOD.replace("60s\"", "1s\", query-response-interval = \"300ms\"");
        config("reload", &quick);
        kill(pid, Signal::SIGHUP)?;
        wait_for_line(&mut log, "configured anew")?;
        wait_for_query(&tap, 3).await?;
        kill(pid, Signal::SIGTERM)?;
        let code = child.wait()?.code();
        if code != Some(0) {
            return Err(format!("exit {code:?}").into());
        }
        Ok(())
    })
}

fn multicast_routing_has_one_owner() -> Result<(), Failed> {
    with_lab(async |netns| {
        let good = config("owner", GOOD);
        let tap = Tap::open(&netns[1])?;
        let first = castnetd(&netns[0], "run", &good)?;
        wait_for_query(&tap, 100).await?;
        let (code, log) = outcome(castnetd(&netns[0], "run", &good)?)?;
        kill(Pid::from_raw(first.id().try_into()?), Signal::SIGTERM)?;
        outcome(first)?;
        if code != Some(1) || !log.contains("another process owns multicast routing") {
            return Err(format!("exit {code:?}:\n{log}").into());
        }
        Ok(())
    })
}

/// The most that the unit may be exposed, of 10.
const EXPOSED: f64 = 2.0;

fn unit_is_closed() -> Result<(), Failed> {
    let unit = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/systemd/castnetd.service");
    let analyzed =
        Command::new("systemd-analyze").args(["security", "--offline=true", unit]).output();
    let Ok(analyzed) = analyzed else {
        eprintln!("SKIPPED: there is no systemd-analyze here");
        return Ok(());
    };
    let text = String::from_utf8_lossy(&analyzed.stdout).into_owned();
    let overall = text.lines().find(|line| line.contains("Overall exposure level"));
    let level = overall.and_then(|line| line.rsplit_once(": ")?.1.split(' ').next()?.parse().ok());
    match level {
        Some(level) if EXPOSED >= level => Ok(()),
        _ => Err(format!("more than {EXPOSED}, or unknown:\n{text}").into()),
    }
}

fn check_is_not_written() -> Result<(), Failed> {
    with_lab(async |netns| {
        let full = fs::File::options().write(true).open("/dev/full")?;
        let child = writing_to(full.into(), &netns[0], "check", &config("full", GOOD))?;
        let (code, log) = outcome(child)?;
        if code != Some(1) || !log.starts_with("castnetd: writing to standard output: ") {
            return Err(format!("exit {code:?}:\n{log}").into());
        }
        Ok(())
    })
}

fn check_names_what_is_wrong() -> Result<(), Failed> {
    with_lab(async |netns| {
        for (name, text, code, part) in [
            ("fine", GOOD, 0, ""),
            ("absent", "[[interface]]\nname = \"wan\"", 0, ""),
            ("typo", "[[interfaces]]\nname = \"lan\"", 1, "unknown field `interfaces`"),
            ("zero", "igmp = { robustness = 0 }\n[[interface]]\nname = \"lan\"", 1, "robustness"),
        ] {
            let (found, log) = outcome(castnetd(&netns[0], "check", &config(name, text))?)?;
            if found != Some(code) || !log.contains(part) {
                return Err(format!("{name}: exit {found:?}:\n{log}").into());
            }
        }
        Ok(())
    })
}
