//! Interfaces that change while they are served, and configurations that do.

use std::time::Duration;

use libtest_mimic::Failed;

use super::rig::{Node, beside, config, lost_and_doubled};
use super::{TWO, connected};

/// A lease ends and another one begins: first with the new address beside the old one, then without any
/// in between, each time of another network. The stream goes on.
pub(crate) async fn address() -> Result<(), Failed> {
    let [source, r1, host] = connected()?;
    let often = TWO.replace("'60s'", "'1s'").replace("'30s'", "'1s'");
    let mut castnetd = r1.serve(&config("address", &often))?;
    castnetd.says(&["multicast between"]).await?;
    let mut ears = host.tap()?;
    let member = host.member("10.0.2.10")?;
    beside(source.source("10.0.1.10")?, async {
        member.is_served().await?;
        let changes: [(&str, &[&str]); 4] = [
            ("10.0.77.1", &["addr add 10.0.77.1/16 dev e1", "addr del 10.0.2.1/24 dev e1"]),
            ("10.9.0.1", &["addr del 10.0.77.1/16 dev e1", "addr add 10.9.0.1/30 dev e1"]),
            // Further addresses change nothing while the first one is there.
            ("10.9.0.1", &["addr add 10.9.0.2/30 dev e1", "addr add 10.8.0.1/24 dev e1"]),
            ("10.8.0.1", &["addr flush dev e1 to 10.9.0.0/30"]),
        ];
        for (own, words) in changes {
            words.iter().try_for_each(|words| r1.ip(words))?;
            castnetd.reload().await?;
            ears.forget()?;
            let numbers = member.during(Duration::from_secs(2)).await?;
            assert_eq!(lost_and_doubled(&numbers), (0, 0), "{words:?}");
            assert_eq!(ears.query().await?, own, "{words:?}");
        }
        Ok(())
    })
    .await?;
    castnetd.ends_well().await
}

/// r1 gets another address, and r2 on the same LAN the one that r1 had, which is lower.
pub(crate) async fn two_routers() -> Result<(), Failed> {
    let [r1, r2, hub] = Node::all(["r1", "r2", "hub"])?;
    hub.ip("link add br0 type bridge mcast_snooping 0")?;
    hub.ip("link set br0 up")?;
    r1.wire(("e1", "10.0.2.1/24"), &hub, ("p1", ""))?;
    r2.wire(("e1", ""), &hub, ("p2", ""))?;
    hub.ip("link set p1 master br0")?;
    hub.ip("link set p2 master br0")?;
    let text = TWO.replace("{ name = 'e0' }, ", "").replace("'30s'", "'1s'");
    let mut first = r1.serve(&config("first", &text))?;
    first.says(&["e1: querier"]).await?;
    r1.ip("addr add 10.0.2.200/24 dev e1")?;
    r1.ip("addr del 10.0.2.1/24 dev e1")?;
    // Without promotion, the secondary address has gone with its primary one.
    r1.ip("addr replace 10.0.2.200/24 dev e1")?;
    r2.ip("addr add 10.0.2.1/24 dev e1")?;
    let mut second = r2.serve(&config("second", &text))?;
    second.says(&["e1: querier"]).await?;
    // It has the address of the other one no longer, and takes none of its Queries for one of its own.
    first.says(&["e1: non-querier, 10.0.2.1 queries"]).await?;
    first.ends_well().await?;
    assert!(!second.heard.contains("non-querier"), "{}", second.heard);
    second.ends_well().await
}

/// The router's port goes down and comes up twenty times, in all rhythms, while the host behind a switch
/// notices nothing. After each return it is asked at once.
pub(crate) async fn flap() -> Result<(), Failed> {
    let [source, r1, hub, host] = Node::all(["source", "r1", "hub", "host"])?;
    r1.wire(("e0", "10.0.1.1/24"), &source, ("eth0", "10.0.1.10/24"))?;
    hub.ip("link add br0 type bridge mcast_snooping 0")?;
    hub.ip("link set br0 up")?;
    r1.wire(("e1", "10.0.2.1/24"), &hub, ("p1", ""))?;
    host.wire(("eth0", "10.0.2.10/24"), &hub, ("p2", ""))?;
    hub.ip("link set p1 master br0")?;
    hub.ip("link set p2 master br0")?;
    // The switch may lose the first startup Query: its port forwards a moment after the carrier is there.
    let mut castnetd = r1.serve(&config("flap", &TWO.replace("'30s'", "'2s'")))?;
    castnetd.says(&["multicast between"]).await?;
    let member = host.member("10.0.2.10")?;
    let mut ears = host.tap()?;
    beside(source.source("10.0.1.10")?, async {
        member.is_served().await?;
        for round in 0..20 {
            ears.forget()?;
            // By the administrator, or by the other end.
            let (node, name) = if round % 3 == 2 { (&hub, "p1") } else { (&r1, "e1") };
            node.ip(&format!("link set {name} down"))?;
            if round % 2 == 0 {
                castnetd.says(&["e1 is down"]).await?;
            }
            node.ip(&format!("link set {name} up"))?;
            ears.query_from("10.0.2.1").await?;
            member.is_served().await.map_err(|_| format!("round {round}:\n{}", castnetd.heard))?;
        }
        Ok(())
    })
    .await?;
    castnetd.ends_well().await
}

/// e1 is renamed, another link gets the name, and both exchange their names.
pub(crate) async fn rename() -> Result<(), Failed> {
    let nodes = connected()?;
    let [source, r1, host] = &nodes;
    let mut castnetd = r1.serve(&config("rename", TWO))?;
    castnetd.says(&["multicast between"]).await?;
    let mut ears = host.tap()?;
    let exchange = |names: &[(&str, &str)]| -> Result<(), Failed> {
        names.iter().try_for_each(|(from, to)| {
            r1.ip(&format!("link set {from} down"))?;
            r1.ip(&format!("link set {from} name {to}"))?;
            r1.ip(&format!("link set {to} up"))
        })
    };
    exchange(&[("e1", "lan0")])?;
    castnetd.says(&["WARN", "e1 is not there"]).await?;
    r1.wire(("e1", "10.0.5.1/24"), host, ("eth5", "10.0.5.10/24"))?;
    ears.query_from("10.0.5.1").await?;
    {
        let member = host.member("10.0.5.10")?;
        beside(source.source("10.0.1.10")?, member.is_served()).await?;
    }
    ears.forget()?;
    exchange(&[("e1", "tmp"), ("lan0", "e1"), ("tmp", "lan0")])?;
    ears.query_from("10.0.2.1").await?;
    let member = host.member("10.0.2.10")?;
    beside(source.source("10.0.1.10")?, member.is_served()).await?;
    castnetd.ends_well().await
}

/// A tunnel's ends have addresses of no common network, and one end of another has none at all.
pub(crate) async fn point_to_point() -> Result<(), Failed> {
    let [source, r1, host] = Node::all(["source", "r1", "host"])?;
    r1.wire(("e0", ""), &source, ("eth0", "10.0.1.10/24"))?;
    r1.wire(("e1", ""), &host, ("eth0", ""))?;
    r1.ip("addr add 192.0.2.1 peer 198.51.100.9/32 dev e1")?;
    host.ip("addr add 198.51.100.9 peer 192.0.2.1/32 dev eth0")?;
    // e0 is unnumbered: sources are reached by a route alone.
    r1.ip("route add 10.0.1.0/24 dev e0")?;
    let mut ears = host.tap()?;
    let mut castnetd = r1.serve(&config("point-to-point", TWO))?;
    castnetd.says(&["WARN", "e0 has no IPv4 address"]).await?;
    ears.query_from("192.0.2.1").await?;
    let member = host.member("198.51.100.9")?;
    beside(source.source("10.0.1.10")?, member.is_served()).await?;
    castnetd.ends_well().await
}

/// A source far away is reached by whatever route the kernel has now.
pub(crate) async fn routes() -> Result<(), Failed> {
    let nodes = connected()?;
    let [source, r1, host] = &nodes;
    r1.wire(("e2", "10.0.4.1/24"), source, ("eth4", "10.0.4.10/24"))?;
    source.ip("addr add 203.0.113.5/32 dev lo")?;
    let text = TWO.replace("{ name = 'e0' }", "{ name = 'e0' }, { name = 'e2' }");
    let mut castnetd = r1.serve(&config("routes", &text))?;
    castnetd.says(&["multicast between"]).await?;
    let member = host.member("10.0.2.10")?;
    castnetd.says(&["members present"]).await?;
    // Sent on eth0, from an address that no network of r1 has.
    let far = source.far("203.0.113.5", "10.0.1.10")?;
    beside(far, async {
        castnetd.says(&["no route to the source of (203.0.113.5"]).await?;
        r1.ip("route add 203.0.113.0/24 via 10.0.1.10 metric 5")?;
        castnetd.says(&["(203.0.113.5, 239.1.1.1) in e0 out e1"]).await?;
        member.is_served().await?;
        // A longer prefix elsewhere, in place of which comes one here.
        r1.ip("route add 203.0.113.5/32 via 10.0.4.10")?;
        castnetd.says(&["(203.0.113.5, 239.1.1.1) in e2 out e1"]).await?;
        r1.ip("route replace 203.0.113.5/32 via 10.0.1.10")?;
        castnetd.says(&["(203.0.113.5, 239.1.1.1) in e0 out e1"]).await?;
        member.is_served().await?;
        // The kernel says nothing of routes that go with their link.
        r1.ip("route replace 203.0.113.5/32 via 10.0.4.10")?;
        castnetd.says(&["(203.0.113.5, 239.1.1.1) in e2 out e1"]).await?;
        r1.ip("link set e2 down")?;
        castnetd.says(&["e2 is down"]).await?;
        castnetd.says(&["(203.0.113.5, 239.1.1.1) in e0 out e1"]).await?;
        r1.ip("link set e2 up")?;
        castnetd.says(&["e2 is up"]).await?;
        member.is_served().await?;
        r1.ip("route del 203.0.113.0/24 metric 5")?;
        castnetd.says(&["(203.0.113.5, 239.1.1.1) in e0 out nowhere"]).await
    })
    .await?;
    castnetd.ends_well().await
}

/// The order changes, an interface comes and one goes, a wrong file is refused: twenty reloads.
pub(crate) async fn reload() -> Result<(), Failed> {
    let nodes = connected()?;
    let [source, r1, host] = &nodes;
    r1.wire(("e2", "10.0.4.1/24"), host, ("eth4", "10.0.4.10/24"))?;
    let path = config("reload", TWO);
    let mut castnetd = r1.serve(&path)?;
    castnetd.says(&["multicast between e0, e1"]).await?;
    let member = host.member("10.0.2.10")?;
    beside(source.source("10.0.1.10")?, async {
        member.is_served().await?;
        let mut numbers = member.drain();
        for round in 0..20 {
            let interfaces = match round % 4 {
                0 => "{ name = 'e1' }, { name = 'e0' }",
                1 => "{ name = 'e2' }, { name = 'e1' }, { name = 'e0' }",
                2 => "{ name = 'e9' }, { name = 'e0' }, { name = 'e1' }, { name = 'e2' }",
                _ => "{ name = 'e0' }, { name = 'e1' }",
            };
            config("reload", &TWO.replace("{ name = 'e0' }, { name = 'e1' }", interfaces));
            castnetd.reload().await?;
            numbers.extend(member.during(Duration::from_millis(50)).await?);
        }
        assert_eq!(lost_and_doubled(&numbers), (0, 0));
        // The link that comes by a reload is served, also with the number of one that has gone.
        config("reload", &TWO.replace("{ name = 'e1' }", "{ name = 'e2' }"));
        castnetd.reload().await?;
        let other = host.member("10.0.4.10")?;
        other.is_served().await?;
        config("reload", TWO);
        castnetd.reload().await?;
        member.is_served().await
    })
    .await?;
    castnetd.ends_well().await
}
