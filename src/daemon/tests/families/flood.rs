//! What strangers send in masses: memory, log and old flows stay as they are.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::time::Duration;

use castnet::addr::Family;
use castnet::wire::icmpv6::Ends;
use castnet::wire::ipv4::Ipv4Header;
use castnet::wire::ipv6::Ipv6Header;
use castnet::wire::{igmp, ipv4, mld};
use libtest_mimic::Failed;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use crate::rig::{R1, Rig, SOURCE, UP, config, is_datagram, is_query};
use crate::{FAMILIES, QUICK, group, stream};

const HOST_4: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 9);
const HOST_6: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 2, 0x90);
/// Records of a packet of either family.
const RECORDS: u32 = 70;

/// A Report in which the host joins, or leaves, all these groups.
fn report(groups: impl Iterator<Item = IpAddr>, joins: bool) -> Vec<u8> {
    let (mut v4, mut v6) = (Vec::new(), Vec::new());
    for group in groups {
        match group {
            IpAddr::V4(group) => v4.push(group),
            IpAddr::V6(group) => v6.push(group),
        }
    }
    if v6.is_empty() {
        use igmp::{GroupRecord, Message, RecordKind, V3Report};
        let kind = if joins { RecordKind::ToEx } else { RecordKind::ToIn };
        let records = v4.into_iter().map(|group| GroupRecord::new(kind, group, vec![]));
        let message = Message::V3Report(V3Report::new(records.collect()));
        return ipv4::encode_igmp(HOST_4, Ipv4Addr::new(224, 0, 0, 22), &message).unwrap();
    }
    use mld::{GroupRecord, Message, RecordKind, V2Report};
    let kind = if joins { RecordKind::ToEx } else { RecordKind::ToIn };
    let records = v6.into_iter().map(|group| GroupRecord::new(kind, group, vec![]));
    let message = Message::V2Report(V2Report::new(records.collect()));
    let (source, destination) = (HOST_6, Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x16));
    let payload = message.encode(Ends { source, destination }).unwrap();
    Ipv6Header::mld(source, destination).encode(&payload).unwrap()
}

fn forged(family: Family, number: u32) -> IpAddr {
    match family {
        Family::V4 => Ipv4Addr::from(u32::from(Ipv4Addr::new(239, 64, 0, 0)) + number).into(),
        Family::V6 => {
            let first = Ipv6Addr::new(0xff1e, 0, 0, 0, 0, 0, 64, 0);
            Ipv6Addr::from(u128::from(first) + u128::from(number)).into()
        }
    }
}

/// Waits until castnetd has read everything that was sent: it asks about a Leave that came last.
async fn read(rig: &mut Rig, old: IpAddr) -> Result<(), Failed> {
    let family = Family::of(old);
    rig.forge(&report([old].into_iter(), false))?;
    rig.frame("Query", |frame| is_query(frame, family)).await?;
    rig.forge(&report([old].into_iter(), true))
}

/// 20,000 forged groups where 2,000 are allowed: `harness/examples/load` has the command for more.
pub(crate) async fn groups() -> Result<(), Failed> {
    let limits = QUICK.replace("{ version", "{ max-groups = 2000, version");
    for family in FAMILIES {
        let mut rig = Rig::new().await?;
        let path = config(&format!("flood-{family}"), &limits);
        let mut castnetd = rig.castnetd_with(&[], R1, &path)?;
        castnetd.says(&["multicast between"]).await?;
        rig.frame("Query", |frame| is_query(frame, family)).await?;
        rig.frame("Query", |frame| is_query(frame, family)).await?;
        let old = group(family, 1);
        let sent = stream(rig.socket(SOURCE, UP, family)?, old);
        let seen = async {
            rig.forge(&report([old].into_iter(), true))?;
            let mut sizes = Vec::new();
            for start in [0, 10_000] {
                for first in (start..start + 10_000).step_by(RECORDS as usize) {
                    let numbers = first..first + RECORDS;
                    rig.forge(&report(numbers.map(|number| forged(family, number)), true))?;
                }
                read(&mut rig, old).await?;
                sizes.push(castnetd.resident()?);
            }
            assert!(sizes[1] <= sizes[0] + 512, "{family}: {sizes:?} KiB");
            let second = Duration::from_secs(1);
            let flows = rig.during(second, |frame| is_datagram(frame, old)).await?;
            assert!(flows.len() > 100, "{family}: {} datagrams in a second", flows.len());
            Ok::<(), Failed>(())
        };
        tokio::select! {
            sent = sent => sent?,
            seen = seen => seen?,
        }
        let (_, log) = castnetd.end().await?;
        let lines: Vec<&str> = log.lines().collect();
        assert!(lines.len() < 300, "{family}: {} lines", lines.len());
        let told = |parts: &[&str]| lines.iter().any(|l| parts.iter().all(|part| l.contains(part)));
        let limit = "would be more than the 2000 groups";
        assert!(told(&["more such events", limit]), "{lines:#?}");
        // Those that never leave the link, which the kernels report, count apart.
        let since = |line: &&&str| line.contains("such events") && line.contains("members present");
        let count = lines.iter().find(since).and_then(|line| {
            line.split("more such events, ").nth(1)?.split(' ').next()?.parse::<u32>().ok()
        });
        assert!(count.is_some_and(|count| (2000..2020).contains(&count)), "{lines:#?}");
    }
    Ok(())
}

/// Reports and Queries that came through a router, from a source elsewhere.
pub(crate) async fn refused() -> Result<(), Failed> {
    let mut rig = Rig::new().await?;
    let mut castnetd = rig.castnetd_with(&[], R1, &config("refused", QUICK))?;
    castnetd.says(&["multicast between"]).await?;
    for family in FAMILIES {
        rig.frame("Query", |frame| is_query(frame, family)).await?;
    }
    let far = Ipv4Addr::new(192, 0, 2, 1);
    let query = igmp::Message::Query(igmp::Query {
        max_resp_code: 100,
        group: Ipv4Addr::UNSPECIFIED,
        v3: None,
    });
    let header = Ipv4Header { ttl: 64, ..Ipv4Header::igmp(far, Ipv4Addr::new(10, 0, 2, 2)) };
    let query = header.encode(&query.encode().unwrap()).unwrap();
    // A Report of MLD whose hop limit says that it came from elsewhere.
    let mut report = report([group(Family::V6, 1)].into_iter(), true);
    report[7] = 63;
    for _ in 0..5_000 {
        rig.forge(&query)?;
        rig.forge(&report)?;
    }
    for family in FAMILIES {
        let old = group(family, 2);
        rig.forge(&self::report([old].into_iter(), true))?;
        castnetd.says(&["members present of", &old.to_string()]).await?;
    }
    let (_, log) = castnetd.end().await?;
    let lines: Vec<&str> = log.lines().collect();
    assert!(lines.len() < 300, "{} lines", lines.len());
    for (family, held) in [("IPv4", "10.0.2.2"), ("IPv6", "TTL 63")] {
        let told = |line: &&&str| {
            line.contains("4900 more such events, 5000 since the start") && line.contains(family)
        };
        let line = lines.iter().find(told).ok_or(format!("{lines:#?}"))?;
        assert!(line.contains(held), "{line}");
        assert!(!line.contains('\u{1b}'), "no colours in a file");
    }
    assert!(!lines.iter().any(|line| line.contains("non-querier")), "{lines:#?}");
    Ok(())
}

/// A pipe that nobody writes into, and a device without end, in place of the configuration.
pub(crate) async fn endless() -> Result<(), Failed> {
    let rig = Rig::new().await?;
    let path = config("endless", QUICK);
    let mut castnetd = rig.castnetd(R1, &path)?;
    castnetd.says(&["multicast between"]).await?;
    let replace = |by: &dyn Fn(&Path) -> Result<(), Failed>| {
        std::fs::remove_file(&path)?;
        by(&path)
    };
    replace(&|path| Ok(mkfifo(path, Mode::S_IRWXU)?))?;
    castnetd.hang_up()?;
    castnetd.says(&["it is no regular file", "stays in force"]).await?;
    replace(&|path| Ok(std::os::unix::fs::symlink("/dev/zero", path)?))?;
    castnetd.hang_up()?;
    // Where the kernel has Landlock, the link already leads to where castnetd may read nothing.
    castnetd.says(&["families-endless.toml: ", "stays in force"]).await?;
    castnetd.end().await.map(drop)
}
