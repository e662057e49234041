//! castnetd with both families at once, as hosts, sources and other routers see it.

mod flood;
mod keeping;
mod managed;
#[path = "../../../../harness/tests/privileged/mod.rs"]
mod privileged;
mod rig;
mod ruled;
#[path = "../serving.rs"]
mod serving;

use std::net::{IpAddr, UdpSocket};
use std::process::ExitCode;
use std::time::Duration;

use castnet::addr::Family;
use castnet_lab::lab::Frame;
use libtest_mimic::{Arguments, Failed};
use privileged::fallible as trial;
use rig::{
    HOST, R1, R2, Rig, SOURCE, UP, between, burst, config, is_datagram, is_message, is_query,
    is_report,
};

/// Startup Queries at once, Leaves that are checked in 400 ms.
const QUICK: &str = "\
igmp = { version = 3, startup-query-interval = '100ms', last-member-query-interval = '200ms' }
mld = { version = 2, startup-query-interval = '100ms', last-listener-query-interval = '200ms' }
interface = [{ name = 'up' }, { name = 'lan' }]
";
const FAMILIES: [Family; 2] = [Family::V4, Family::V6];

fn main() -> ExitCode {
    let trials = vec![
        trial("a_default_host_gets_its_stream_and_leaves", || hosts(&[])),
        trial("a_host_of_mldv1_gets_its_stream_and_leaves", || {
            hosts(&[("net/ipv6/conf/lan/force_mld_version", "1")])
        }),
        trial("two_routers_elect_in_each_family", two_elect),
        trial("a_tentative_address_is_waited_for", tentative),
        trial("configured_flows_are_forwarded_from_the_first_datagram", configured_flows),
        trial("a_rule_leaves_out_its_exceptions", ruled::exceptions),
        trial("a_router_that_ends_is_advertised_no_more", ruled::advertised),
        trial("an_entry_goes_within_the_keepalive_time", keepalive),
        trial("the_routers_own_kernel_speaks_the_version_of_the_link", own_reports),
        trial("the_keeper_has_nothing_lost_and_nothing_doubled", keeping::keeper),
        trial("another_table_is_inherited_as_it_is", keeping::other_table),
        trial("the_service_manager_is_told_and_keeps_the_sockets", managed::manager),
        trial("a_flood_of_groups_ends_at_the_limit", flood::groups),
        trial("a_flood_of_refused_packets_is_some_lines_and_a_number", flood::refused),
        trial("a_configuration_that_never_ends_is_refused_and_blocks_nothing", flood::endless),
    ];
    privileged::run(&Arguments::from_args(), trials)
}

fn group(family: Family, number: u8) -> IpAddr {
    match family {
        Family::V4 => IpAddr::from([239, 1, 1, number]),
        Family::V6 => format!("ff1e::{number}").parse().unwrap(),
    }
}

/// Sends two hundred datagrams a second for as long as the future is polled.
async fn stream(socket: UdpSocket, group: IpAddr) -> Result<(), Failed> {
    let mut pace = tokio::time::interval(Duration::from_millis(5));
    loop {
        pace.tick().await;
        burst(&socket, group, 1)?;
    }
}

/// A host that is plugged in after the startup Queries gets its stream within 50 ms of its Report, and
/// the stream ends when the Leave has been checked.
async fn hosts(sysctls: &[(&str, &str)]) -> Result<(), Failed> {
    let mut rig = Rig::new().await?;
    for (path, value) in sysctls {
        rig.sysctl(HOST, path, value)?;
    }
    let castnetd = rig.castnetd(R1, &config("hosts", QUICK))?;
    // Both startup Queries of both families.
    for _ in 0..4 {
        rig.frame("Query", |frame| FAMILIES.iter().any(|&of| is_query(frame, of))).await?;
    }
    for family in FAMILIES {
        let group = group(family, 1);
        let sent = stream(rig.socket(SOURCE, UP, family)?, group);
        let seen = async {
            let joined = rig.join(group)?;
            let report = rig.frame("Report", |frame| is_report(frame, group)).await?;
            let first = rig.frame("datagram", |frame| is_datagram(frame, group)).await?;
            let delay = between(&report, &first);
            assert!(delay <= Duration::from_millis(50), "{family}: {delay:?} after the Report");
            drop(joined);
            let leave = rig.frame("Leave", |frame| is_report(frame, group)).await?;
            let frames = rig.during(Duration::from_secs(1), |frame| is_datagram(frame, group));
            let last = frames.await?.pop().ok_or("the stream ended with the Leave")?;
            let ended = between(&leave, &last);
            // Last Member Query Time, and a datagram each 5 ms.
            let lmqt = Duration::from_millis(390)..Duration::from_millis(450);
            assert!(lmqt.contains(&ended), "{family}: ended {ended:?} after the Leave");
            Ok::<(), Failed>(())
        };
        tokio::select! {
            sent = sent => sent?,
            seen = seen => seen?,
        }
    }
    castnetd.has_no_privilege()
}

/// The lowest address queries: that of r1 in IPv4, and the link-local one of r2 in IPv6.
async fn two_elect() -> Result<(), Failed> {
    let rig = Rig::new().await?;
    let alone = QUICK.replace("{ name = 'up' }, ", "");
    // The first router asks for as long as the second one may take to start.
    let alone = alone.replace("= '100ms'", "= '100ms', startup-query-count = 100");
    let mut r1 = rig.castnetd(R1, &config("elect-1", &alone))?;
    r1.says(&["IPv6 lan: querier"]).await?;
    let mut r2 = rig.castnetd(R2, &config("elect-2", &alone))?;
    r2.says(&["IPv4 lan: non-querier, 10.0.2.2 queries"]).await?;
    r1.says(&["IPv6 lan: non-querier, fe80::2:20 queries"]).await?;
    Ok(())
}

/// Nothing can be sent from an address that the kernel still checks for duplicates.
async fn tentative() -> Result<(), Failed> {
    let mut rig = Rig::tentative().await?;
    let _castnetd = rig.castnetd(R1, &config("tentative", QUICK))?;
    rig.frame("Query", |frame| is_query(frame, Family::V6)).await?;
    let group = group(Family::V6, 1);
    let sent = stream(rig.socket(SOURCE, UP, Family::V6)?, group);
    let seen = async {
        let _joined = rig.join(group)?;
        rig.frame("datagram", |frame| is_datagram(frame, group)).await.map(drop)
    };
    tokio::select! {
        sent = sent => sent,
        seen = seen => seen,
    }
}

/// Bursts of five: without entries the kernel holds four datagrams of each flow.
async fn configured_flows() -> Result<(), Failed> {
    let mut rig = Rig::new().await?;
    let joins = |numbers: std::ops::Range<u8>| {
        let join = |family| {
            let source = if family == Family::V4 { "10.0.1.9" } else { "2001:db8:1::9" };
            move |n| format!("{{ group = '{}', source = '{source}' }}", group(family, n))
        };
        let all = FAMILIES.map(|family| numbers.clone().map(join(family)).collect::<Vec<_>>());
        format!(
            "interface = [{{ name = 'up' }}, {{ name = 'lan', static-joins = [{}] }}]",
            all.concat().join(", ")
        )
    };
    let path = config("flows", &joins(1..11));
    let mut castnetd = rig.castnetd(R1, &path)?;
    castnetd.says(&["multicast between"]).await?;
    for numbers in [1..11, 11..21] {
        for family in FAMILIES {
            let socket = rig.socket(SOURCE, UP, family)?;
            for number in numbers.clone() {
                burst(&socket, group(family, number), 5)?;
            }
            for number in numbers.clone() {
                let group = group(family, number);
                for datagram in 1..=5 {
                    let what = format!("datagram {datagram} of {group}");
                    rig.frame(&what, |frame| is_datagram(frame, group)).await?;
                }
            }
        }
        config("flows", &joins(11..21));
        castnetd.hang_up()?;
        castnetd.says(&["IPv6 configured anew"]).await?;
    }
    Ok(())
}

/// Datagrams at 0, 0.5 and 1 s; the entry goes within the 2 s after the last one.
async fn keepalive() -> Result<(), Failed> {
    for family in FAMILIES {
        let rig = Rig::new().await?;
        let mut castnetd = rig.castnetd(
            R1,
            &config(&format!("keepalive-{family}"), &format!("keepalive = '2s'\n{QUICK}")),
        )?;
        castnetd.says(&["multicast between"]).await?;
        let (socket, group) = (rig.socket(SOURCE, UP, family)?, group(family, 1));
        let mut pace = tokio::time::interval(Duration::from_millis(500));
        for _ in 0..3 {
            pace.tick().await;
            burst(&socket, group, 1)?;
        }
        let last = tokio::time::Instant::now();
        castnetd.says(&[&group.to_string(), "is idle"]).await?;
        let idle = last.elapsed();
        // A sixteenth early, and as late as a busy machine is.
        let within = Duration::from_millis(1_870)..Duration::from_millis(2_100);
        assert!(within.contains(&idle), "{family}: {idle:?}");
    }
    Ok(())
}

/// The kernel of r1 reports the groups of routers: in an older version where castnetd speaks one.
async fn own_reports() -> Result<(), Failed> {
    let mut rig = Rig::new().await?;
    let older = QUICK.replace("version = 2", "version = 1").replace("version = 3", "version = 2");
    let _castnetd = rig.castnetd(R1, &config("older", &older))?;
    let of_r1 = |frame: &Frame| frame.bytes[6..12] == [2, 0, 0, 0, 2, 2];
    let frames = rig.during(Duration::from_secs(3), of_r1).await?;
    for (family, newer, older) in [(Family::V4, 0x22, 0x16), (Family::V6, 143, 131)] {
        // Its addresses may be reported before castnetd asks, and what was scheduled before the kernel's
        // worker has read the Query (mld_query_work).
        let asked = frames.iter().skip_while(|frame| !is_query(frame, family));
        let mut since = asked.skip_while(|frame| !is_message(frame, family, older));
        assert!(since.next().is_some(), "{family}: no Report of the link's version");
        let newest = since.filter(|frame| is_message(frame, family, newer)).count();
        assert_eq!(newest, 0, "{family}: Reports of the newest version");
    }
    Ok(())
}
