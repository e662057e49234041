//! Interfaces that appear late, vanish, and come back.

use std::fmt::Write as _;
use std::time::Duration;

use libtest_mimic::Failed;
use rtnetlink::packet_route::address::AddressAttribute;

use super::rig::{Node, beside, config, lost_and_doubled};
use super::{TWO, connected, lan, up};

/// e1 is missing, then down, then without its flag, then without an address. Each time castnetd says why,
/// and serves it once the cause is gone, while e0 is asked from the start.
pub(crate) async fn late() -> Result<(), Failed> {
    let nodes = Node::all(["source", "r1", "host"])?;
    up(&nodes)?;
    let [source, r1, host] = &nodes;
    let path = config("late", TWO);
    let causes: [(&str, &[&str], &[&str]); 4] = [
        ("e1 is not there", &["link del e1"], &[]),
        ("e1 is down", &["link set e1 down"], &["link set e1 up"]),
        ("e1 has no MULTICAST flag", &["link set e1 multicast off"], &["link set e1 multicast on"]),
        ("e1 has no IPv4 address", &["addr flush dev e1"], &["addr add 10.0.2.1/24 dev e1"]),
    ];
    for (cause, before, cure) in causes {
        // A new link each time.
        _ = r1.ip("link del e1");
        lan(&nodes)?;
        before.iter().try_for_each(|words| r1.ip(words))?;
        let mut ears = source.tap()?;
        let mut castnetd = r1.serve(&path)?;
        castnetd.says(&["WARN", cause]).await?;
        ears.query_from("10.0.1.1").await?;
        beside(source.source("10.0.1.10")?, async {
            let mut ears = host.tap()?;
            if cure.is_empty() {
                lan(&nodes)?;
            }
            let member = host.member("10.0.2.10")?;
            cure.iter().try_for_each(|words| r1.ip(words))?;
            ears.query_from("10.0.2.1").await?;
            member.is_served().await
        })
        .await
        .map_err(|why| format!("{cause}: {}", why.message().unwrap_or_default()))?;
        castnetd.ends_well().await?;
    }
    Ok(())
}

/// The member's link, the source's link, and both at once are deleted and made again.
pub(crate) async fn vanish() -> Result<(), Failed> {
    let nodes = connected()?;
    let [source, r1, host] = &nodes;
    let mut castnetd = r1.serve(&config("vanish", TWO))?;
    castnetd.says(&["multicast between e0, e1"]).await?;
    for gone in [&["e1"][..], &["e0"], &["e0", "e1"], &["e1", "e0"]] {
        {
            let member = host.member("10.0.2.10")?;
            beside(source.source("10.0.1.10")?, member.is_served()).await?;
        }
        for name in gone {
            r1.ip(&format!("link del {name}"))?;
        }
        let absent: Vec<String> = gone.iter().map(|name| format!("{name} is not there")).collect();
        let absent: Vec<[&str; 2]> = absent.iter().map(|text| ["WARN", text.as_str()]).collect();
        castnetd.says_each(&absent).await?;
        let left = r1.proc_net("ip_mr_vif")?;
        assert_eq!(left.lines().count(), 3 - gone.len(), "{left}");
        // Nobody is a member of a group on what is gone, and no entry leads there.
        let entries = r1.proc_net("ip_mr_cache")?;
        let leads = entries.lines().skip(1).any(|row| row.contains(':'));
        assert!(!leads && (!gone.contains(&"e0") || entries.lines().count() == 1), "{entries}");
        let mut ears = host.tap()?;
        for name in gone {
            if *name == "e0" { up(&nodes)? } else { lan(&nodes)? }
        }
        let member = host.member("10.0.2.10")?;
        beside(source.source("10.0.1.10")?, async {
            if gone.contains(&"e1") {
                ears.query_from("10.0.2.1").await?;
            }
            member.is_served().await
        })
        .await?;
    }
    castnetd.ends_well().await
}

/// More links match than one table has room for, and one goes.
pub(crate) async fn pattern() -> Result<(), Failed> {
    let nodes = connected()?;
    let [source, r1, host] = &nodes;
    let text = TWO.replace("{ name = 'e1' }", "{ name = 'lan*', static-joins = [] }");
    let mut castnetd = r1.serve(&config("pattern", &text))?;
    castnetd.says(&["multicast between e0"]).await?;
    let mut ears = host.tap()?;
    for n in 1..=31 {
        let name = format!("lan{n}");
        r1.wire((&name, &format!("10.3.{n}.1/24")), host, (&name, &format!("10.3.{n}.2/24")))?;
        ears.query_from(&format!("10.3.{n}.1")).await?;
    }
    let member = host.member("10.3.31.2")?;
    beside(source.source("10.0.1.10")?, member.is_served()).await?;
    r1.wire(("lan32", "10.3.32.1/24"), host, ("lan32", "10.3.32.2/24"))?;
    castnetd.says(&["WARN", "lan32 is not served", "at most 32"]).await?;
    r1.ip("link del lan7")?;
    ears.query_from("10.3.32.1").await?;
    let member = host.member("10.3.32.2")?;
    beside(source.source("10.0.1.10")?, member.is_served()).await?;
    castnetd.ends_well().await
}

/// 32 interfaces and version 3: 64 memberships, where a socket has 20.
pub(crate) async fn many() -> Result<(), Failed> {
    let [source, r1, host] = Node::all(["source", "r1", "host"])?;
    let mut text = TWO.lines().take(1).collect::<String>() + "\n[igmp]\nversion = 3\n";
    for n in 1..=32 {
        let name = format!("v{n}");
        let other = if n == 1 { &source } else { &host };
        r1.wire((&name, &format!("10.1.{n}.1/24")), other, (&name, &format!("10.1.{n}.2/24")))?;
        writeln!(text, "[[interface]]\nname = '{name}'")?;
    }
    let mut castnetd = r1.serve(&config("many", &text))?;
    castnetd.says(&["multicast between v1"]).await?;
    let vifs = r1.proc_net("ip_mr_vif")?;
    assert_eq!(vifs.lines().count(), 33, "{vifs}");
    let groups = r1.proc_net("igmp")?;
    for group in ["020000E0", "160000E0"] {
        assert_eq!(groups.matches(group).count(), 32, "{groups}");
    }
    // A Report to 224.0.0.22 and a stream, from the first interface to the last one.
    let member = host.member("10.1.32.2")?;
    castnetd.says(&["v32", "members present", "239.1.1.1"]).await?;
    beside(source.source("10.1.1.2")?, member.is_served()).await?;
    castnetd.ends_well().await?;

    text += "[[interface]]\nname = 'v33'\n";
    let (code, said) = r1.castnetd(&["run"], &config("many", &text))?;
    assert!(code == 1 && said.contains("33 interfaces") && said.contains("at most 32"), "{said}");
    Ok(())
}

/// A label that is no device's name, and links of others that come and go, while castnetd starts and
/// while it serves.
pub(crate) async fn strangers() -> Result<(), Failed> {
    let nodes = connected()?;
    let [source, r1, host] = &nodes;
    let runtime = tokio::runtime::Handle::current();
    let (connection, handle, _) = r1.0.run(|| {
        let _inside_runtime = runtime.enter();
        rtnetlink::new_connection()
    })??;
    tokio::spawn(connection);
    let mut request = handle.address().add(1, "192.0.2.1".parse()?, 32);
    request.message_mut().attributes.push(AddressAttribute::Label("vip0".to_owned()));
    request.execute().await?;

    let path = config("strangers", TWO);
    let _storm = r1.keeps_doing(
        "for k in 1 2 3 4 5 6 7 8; do ip link add d$k type veth peer name q$k; done
         for k in 1 2 3 4 5 6 7 8; do ip link del d$k; done",
    )?;
    let member = host.member("10.0.2.10")?;
    beside(source.source("10.0.1.10")?, async {
        for _ in 0..5 {
            let (code, said) = r1.castnetd(&["check", "--here"], &path)?;
            assert_eq!(code, 0, "{said}");
            let mut castnetd = r1.serve(&path)?;
            castnetd.says(&["multicast between e0, e1"]).await?;
            member.is_served().await?;
            castnetd.reload().await?;
            let numbers = member.during(Duration::from_secs(1)).await?;
            assert_eq!(lost_and_doubled(&numbers), (0, 0), "beside the storm");
            castnetd.ends_well().await?;
        }
        Ok(())
    })
    .await
}
