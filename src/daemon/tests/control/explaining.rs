//! Each cause for which a stream does not leave, made on a machine, and what `explain` names.

use std::net::Ipv4Addr;
use std::time::Duration;

use castnet_lab::lab::Tap;
use libtest_mimic::Failed;
use serde_json::Value;

use super::rig::{GROUP, Node, beside, config};
use super::serving::BOUND;
use super::{Lab, TWO};

/// What is found of the flow, as `cause interface`, the likeliest culprit first.
async fn found(lab: &Lab, source: &str, group: &str) -> Result<Vec<String>, Failed> {
    let words = format!("explain {source} {group} --for 300ms --json");
    let value: Value = serde_json::from_str(&lab.shows(&words).await?)?;
    let findings = value["findings"].as_array().ok_or("no findings")?;
    let named = |finding: &Value| {
        let [cause, interface] = ["cause", "interface"].map(|key| finding[key].as_str());
        format!("{} {}", cause.unwrap_or_default(), interface.unwrap_or("-"))
    };
    Ok(findings.iter().map(named).collect())
}

/// Explains again until `is` holds: the last datagrams of what was before may still be under way.
async fn until(lab: &Lab, source: &str, is: impl Fn(&[String]) -> bool) -> Result<(), Failed> {
    let group = GROUP.to_string();
    let mut last = Vec::new();
    let settled = async {
        while !is(&last) {
            last = found(lab, source, &group).await?;
        }
        Ok::<(), Failed>(())
    };
    let in_time = tokio::time::timeout(BOUND, settled).await;
    in_time.map_err(|_| Failed::from(format!("in the end it was {last:?}")))?
}

/// The source sends, and in the end this stands first.
async fn first(
    lab: &Lab,
    from: &Node,
    (source, by): (&str, &str),
    cause: &str,
) -> Result<(), Failed> {
    let is = |found: &[String]| found.first().is_some_and(|first| first == cause);
    let named = beside(from.far(source, by)?, until(lab, source, is)).await;
    named.map_err(|why| format!("{cause}: {}", why.message().unwrap_or_default()).into())
}

const SOURCE: &str = "10.0.1.10";

/// What is said about groups and sources alone.
pub(crate) async fn sources() -> Result<(), Failed> {
    let lab = Lab::serving("explain-sources", TWO).await?;
    let [source, r1, host] = &lab.nodes;
    assert_eq!(found(&lab, SOURCE, "224.0.0.251").await?, ["link-local-group -"]);
    assert_eq!(found(&lab, "fd00::1", "ff05::1").await?, ["family-not-routed -"]);
    assert_eq!(found(&lab, SOURCE, "239.1.1.1").await?[0], "source-not-seen e0");
    // The host sends what should come from the other side.
    host.ip("addr add 10.0.1.99/32 dev eth0")?;
    first(&lab, host, ("10.0.1.99", "10.0.2.20"), "wrong-interface e1").await?;
    source.ip("addr add 203.0.113.9/32 dev eth0")?;
    first(&lab, source, ("203.0.113.9", SOURCE), "no-route e0").await?;
    // With a route that castnetd alone knows, the kernel has none back.
    lab.shows("route add 203.0.113.0/24 e0").await?;
    first(&lab, source, ("203.0.113.9", SOURCE), "no-members e1").await?;
    lab.shows("flush").await?;
    r1.sysctl("net/ipv4/conf/e0/rp_filter", "1")?;
    first(&lab, source, ("203.0.113.9", SOURCE), "reverse-path-filter e0").await?;
    // A device of which the configuration says nothing.
    r1.wire(("e9", "10.0.9.1/24"), source, ("eth9", "10.0.9.10/24"))?;
    first(&lab, source, ("10.0.9.10", "10.0.9.10"), "not-served e9").await?;
    lab.castnetd.ends_well().await
}

/// What is said about members.
pub(crate) async fn members() -> Result<(), Failed> {
    let mut lab = Lab::serving("explain-members", TWO).await?;
    let [source, _, host] = &lab.nodes;
    first(&lab, source, (SOURCE, SOURCE), "no-members e1").await?;
    let member = host.member("10.0.2.20")?;
    first(&lab, source, (SOURCE, SOURCE), "forwarded e1").await?;
    drop(member);
    lab.castnetd.says(&["no members of 239.1.1.1"]).await?;
    // Somebody wants another source of the group.
    let other: Ipv4Addr = "10.0.1.77".parse()?;
    let bound = lab.nodes[2].0.run(|| std::net::UdpSocket::bind("0.0.0.0:0"))??;
    let choosy = socket2::Socket::from(bound);
    choosy.join_ssm_v4(&other, &GROUP, &"10.0.2.20".parse()?)?;
    lab.castnetd.says(&["239.1.1.1 is INCLUDE"]).await?;
    let [source, ..] = &lab.nodes;
    first(&lab, source, (SOURCE, SOURCE), "source-excluded e1").await?;
    // A member on the link of the source needs no router.
    let _near = source.member(SOURCE)?;
    lab.castnetd.says(&["e0: members present of 239.1.1.1"]).await?;
    let group = GROUP.to_string();
    let all = beside(lab.nodes[0].source(SOURCE)?, found(&lab, SOURCE, &group)).await?;
    assert_eq!(all, ["source-excluded e1", "members-at-source e0"]);
    lab.castnetd.ends_well().await
}

/// What is said about datagrams that come in and do not get out.
pub(crate) async fn datagrams() -> Result<(), Failed> {
    let lab = Lab::serving("explain-datagrams", TWO).await?;
    let [source, r1, host] = &lab.nodes;
    let member = host.member("10.0.2.20")?;
    beside(source.source(SOURCE)?, member.is_served()).await?;
    let mortal = source.source(SOURCE)?;
    mortal.set_multicast_ttl_v4(1)?;
    beside(mortal, until(&lab, SOURCE, |found| found == ["ttl1 e1"])).await?;
    // The rig's source has the TTL 8.
    config("explain-datagrams", &TWO.replace("name = 'e1'", "name = 'e1', ttl-threshold = 8"));
    lab.shows("reload").await?;
    first(&lab, source, (SOURCE, SOURCE), "ttl-under-threshold e1").await?;
    config("explain-datagrams", TWO);
    lab.shows("reload").await?;
    first(&lab, source, (SOURCE, SOURCE), "forwarded e1").await?;
    // The kernel forwards no datagram with Don't Fragment that the link cannot take.
    r1.ip("link set e1 mtu 100")?;
    let big = source.source(SOURCE)?;
    let sent = async {
        let mut pace = tokio::time::interval(Duration::from_millis(20));
        loop {
            pace.tick().await;
            _ = big.send_to(&[0; 400], (GROUP, 5000));
        }
    };
    tokio::select! {
        () = sent => {}
        named = until(&lab, SOURCE, |found| found == ["firewall-or-mtu e1"]) => named?,
    }
    lab.castnetd.ends_well().await
}

/// What is said about frames that the kernel passes over in silence.
pub(crate) async fn frames() -> Result<(), Failed> {
    let lab = Lab::serving("explain-frames", TWO).await?;
    let source = &lab.nodes[0];
    let tap = Tap::open(&source.0)?;
    let index = source.0.run(|| nix::net::if_::if_nametoindex("eth0"))??;
    // An Ethernet header, and a datagram of no octets from 10.0.1.10 to 239.1.1.1 with the TTL 8.
    let frame = |mac: [u8; 6], sum: [u8; 2]| {
        let ip = [0x45, 0, 0, 28, 0, 1, 0, 0, 8, 17, sum[0], sum[1], 10, 0, 1, 10, 239, 1, 1, 1];
        [&mac[..], &[2, 0, 0, 0, 0, 9], &[8, 0], &ip, &[0x13, 0x88, 0x13, 0x88, 0, 8, 0, 0]]
            .concat()
    };
    let sent = async |frame: Vec<u8>| {
        let mut pace = tokio::time::interval(Duration::from_millis(20));
        loop {
            pace.tick().await;
            if let Err(why) = tap.send(index, &frame) {
                return Err(Failed::from(why));
            }
        }
    };
    let group_mac = [1, 0, 0x5e, 1, 1, 1];
    for (mac, sum, cause) in [
        (group_mac, [0, 0], "bad-checksum e0"),
        ([2, 0, 0, 0, 0, 77], [0xb7, 0xc4], "foreign-address e0"),
        // The very frame with the right address and sum is asked for.
        (group_mac, [0xb7, 0xc4], "no-members e1"),
    ] {
        let is = |found: &[String]| found.first().is_some_and(|first| first == cause);
        tokio::select! {
            failed = sent(frame(mac, sum)) => return failed,
            named = until(&lab, SOURCE, is) => named?,
        }
    }
    lab.castnetd.ends_well().await
}

/// What is said about interfaces.
pub(crate) async fn interfaces() -> Result<(), Failed> {
    let three = TWO.replace("{ name = 'e1' }", "{ name = 'e1' }, { name = 'e2' }");
    let lab = Lab::serving("explain-interfaces", &three).await?;
    let [source, r1, host] = &lab.nodes;
    let stream = async |is: &dyn Fn(&[String]) -> bool| {
        beside(source.source(SOURCE)?, until(&lab, SOURCE, is)).await
    };
    stream(&|found| found == ["interface-absent e2", "no-members e1"]).await?;
    for (words, cause) in [
        ("link set e1 down", "interface-down e1"),
        ("link set e1 up", "no-members e1"),
        ("link set e1 multicast off", "not-multicast e1"),
        ("link set e1 multicast on", "no-members e1"),
        ("addr flush dev e1", "no-querier e1"),
    ] {
        r1.ip(words)?;
        stream(&|found| found.iter().any(|found| found == cause)).await?;
    }
    host.ip("link set eth0 down")?;
    stream(&|found| found.iter().any(|found| found == "no-carrier e1")).await?;
    lab.castnetd.end().await.map(drop)
}

/// What is said about limits and tables.
pub(crate) async fn limits() -> Result<(), Failed> {
    let lab = Lab::serving("explain-limits", &format!("max-flows = 1\n{TWO}")).await?;
    let [source, ..] = &lab.nodes;
    source.ip("addr add 10.0.1.11/24 dev eth0")?;
    first(&lab, source, (SOURCE, SOURCE), "no-members e1").await?;
    first(&lab, source, ("10.0.1.11", "10.0.1.11"), "limit -").await?;
    lab.castnetd.ends_well().await?;
    let lab = Lab::serving("explain-table", &format!("table = 100\n{TWO}")).await?;
    let [source, r1, _] = &lab.nodes;
    first(&lab, source, (SOURCE, SOURCE), "no-rule e0").await?;
    r1.ip("mrule add iif e0 lookup 100")?;
    first(&lab, source, (SOURCE, SOURCE), "no-members e1").await?;
    lab.castnetd.ends_well().await
}
