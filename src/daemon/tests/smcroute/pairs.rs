//! The same requests by each smcroutectl to each smcrouted: what they do, and what is printed.

use libtest_mimic::Failed;

use crate::bench::{Daemon, Done, SMCROUTECTL, SMCROUTED, connected, is_silent, run_with, theirs};
use crate::rig::{Node, beside};

const FILE: &str = "\
# every kind of line
phyint e0 enable
phyint e1 enable ttl-threshold 3
mgroup from e0 group 239.9.9.9
mgroup from e0 source 10.0.1.9 group 232.9.9.8/30
mroute from e0 group 239.2.0.0/16 to e1
mroute from e0 group 239.2.0.0/16 to e0
mroute from e0 source 10.0.1.99 group 239.3.3.3 to e1
mroute from e0 group ff05::1 to e1
mroute from e1 source fd00::7 group ff05::2 to e0
";

/// Whether what is printed has to be the same octets, too.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Says {
    Same,
    Anything,
}

/// What is asked of a daemon after another one forwards nothing, and what has to be the same.
const REQUESTS: &[(Says, &[&str])] = &[
    (Says::Same, &["show"]),
    (Says::Same, &["s"]),
    (Says::Same, &["-d", "show", "routes"]),
    (Says::Same, &["show", "routes", "-d", "-t"]),
    (Says::Same, &["show", "interfaces"]),
    (Says::Same, &["show", "groups"]),
    (Says::Same, &["s", "g", "-t"]),
    (Says::Same, &["add", "e0", "10.0.1.8", "239.4.4.4", "e1"]),
    (Says::Same, &["a", "e0", "10.0.1.8", "239.4.4.5", "e1", "e0"]),
    (Says::Same, &["add", "e0", "239.5.0.0/16", "e1"]),
    (Says::Same, &["add", "e0", "0.0.0.0", "239.6.0.0/16", "e1"]),
    (Says::Same, &["add", "e0", "10.0.1.0/24", "239.7.0.0/16", "e1"]),
    (Says::Same, &["add", "e0", "10.0.1.8", "239.4.4.4", "e0"]),
    (Says::Same, &["-t", "show"]),
    (Says::Same, &["add", "e0", "1.2.3", "239.4.4.4", "e1"]),
    (Says::Same, &["add", "e0", "10.1.1.1", "e1"]),
    (Says::Anything, &["add", "e0"]),
    (Says::Anything, &["add"]),
    (Says::Same, &["remove", "e0", "239.5.0.0/16"]),
    (Says::Same, &["del", "e0", "0.0.0.0", "239.6.0.0/16"]),
    (Says::Anything, &["rem", "e0", "239.6.0.0/16"]),
    (Says::Same, &["remove", "e0", "239.2.0.0/16", "e0"]),
    (Says::Same, &["-t", "show", "routes"]),
    (Says::Same, &["join", "e0", "239.8.8.8"]),
    (Says::Same, &["join", "e0", "239.8.8.8"]),
    (Says::Same, &["join", "e0", "10.0.1.9", "232.8.8.8"]),
    (Says::Same, &["join", "e9", "239.8.8.7"]),
    (Says::Same, &["leave", "e0", "239.8.8.6"]),
    (Says::Same, &["leave", "e0", "239.8.8.8"]),
    (Says::Same, &["leave", "e0", "10.0.1.9", "232.8.8.8"]),
    (Says::Same, &["reload"]),
    (Says::Same, &["restart"]),
    (Says::Same, &["show", "groups", "-t"]),
    (Says::Same, &["flush"]),
];

/// The memberships that r1's kernel has: groups of IPv4, without the addresses of every host.
fn memberships(r1: &Node) -> Result<Vec<String>, Failed> {
    let text = r1.proc_net("igmp")?;
    let groups = text.lines().filter(|line| line.starts_with("\t\t\t\t"));
    let groups = groups.filter_map(|line| line.split_whitespace().next()).map(str::to_owned);
    let mut groups: Vec<String> = groups.filter(|group| !group.ends_with("0000E0")).collect();
    groups.sort();
    Ok(groups)
}

/// Everything that a pair of programs does.
async fn told(name: &str, daemon: &str, ctl: &str) -> Result<Vec<(String, Done)>, Failed> {
    let nodes = connected()?;
    let [source, r1, host] = &nodes;
    let served = Daemon::named(r1, name, FILE)?;
    served.start(daemon, &[]).await?;
    let mut told = Vec::new();
    for (says, words) in REQUESTS {
        let mut done = served.ctl(ctl, words)?;
        if *says == Says::Anything {
            done.1.clear();
        }
        told.push((words.join(" "), done));
    }
    told.push(("memberships".to_owned(), Done(0, memberships(r1)?.join(" "))));
    // The first datagram of a flow without a rule has been asked for before the rule comes.
    let member = host.member("10.0.2.10")?;
    let forwarded = beside(source.source("10.0.1.10")?, async {
        is_silent(&member).await?;
        let added = served.ctl(ctl, &["add", "e0", "239.1.1.1", "e1"])?;
        member.is_served().await?;
        let shown = served.ctl(ctl, &["show"])?;
        let removed = served.ctl(ctl, &["remove", "e0", "239.1.1.1"])?;
        is_silent(&member).await?;
        Ok([added, shown, removed])
    });
    told.extend(forwarded.await?.map(|done| ("beside a stream".to_owned(), done)));
    let lines = "add e0 10.0.1.7 239.4.4.7 e1\n# nothing\nleave e9 239.1.1.1\nadd e0\n\
                 remove e0 10.0.1.7 239.4.4.7\n";
    let socket = served.socket().display().to_string();
    let words = ["-u", &socket, "-b"];
    let Done(failed, _) = run_with(r1, ctl, &words, lines)?;
    told.push(("of a batch some fail".to_owned(), Done(i32::from(failed > 0), String::new())));
    let pid = served.pid()?;
    told.push(("kill".to_owned(), served.ctl(ctl, &["kill"])?));
    served.is_gone(pid).await?;
    Ok(told)
}

pub(crate) async fn verbs() -> Result<(), Failed> {
    let path = |program: &str| {
        let path = theirs(program).ok_or_else(|| format!("{program} is not there"))?;
        path.into_os_string().into_string().map_err(|_| "a path without UTF-8".to_owned())
    };
    let (daemon, ctl) = (path("smcrouted")?, path("smcroutectl")?);
    let wanted = told("theirs", &daemon, &ctl).await?;
    for (name, daemon, ctl) in [
        ("daemon", SMCROUTED, ctl.as_str()),
        ("client", daemon.as_str(), SMCROUTECTL),
        ("both", SMCROUTED, SMCROUTECTL),
    ] {
        let found = told(name, daemon, ctl).await?;
        for (found, wanted) in found.iter().zip(&wanted) {
            if found != wanted {
                let ((of, found), (_, wanted)) = (found, wanted);
                let why = format!(
                    "{name} is ours, {of}:\nexit {}:\n{}\ninstead of exit {}:\n{}",
                    found.0, found.1, wanted.0, wanted.1
                );
                return Err(why.into());
            }
        }
    }
    Ok(())
}
