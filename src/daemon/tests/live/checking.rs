//! What castnetd says of the machine, when it is asked and when it serves.

use libtest_mimic::Failed;

use super::rig::{Node, config};
use super::{TWO, connected};

pub(crate) async fn check() -> Result<(), Failed> {
    let [r1] = Node::all(["r1"])?;
    let path = config("check", TWO);
    let (code, said) = r1.castnetd(&["check"], &path)?;
    assert!(code == 0 && !said.contains("not there"), "{said}");
    let (code, said) = r1.castnetd(&["check", "--here"], &path)?;
    assert_eq!(code, 0, "{said}");
    for name in ["e0", "e1"] {
        assert!(said.contains(&format!("here: {name} is not there")), "{said}");
    }
    Ok(())
}

/// Each culprit is named by `check --here` and by the log, and only then.
pub(crate) async fn culprits() -> Result<(), Failed> {
    let [_source, r1, _host] = connected()?;
    let route = format!("{TWO}[[route]]\nprefix = '203.0.113.0/24'\ninterface = 'e0'\n");
    let table = format!("table = 100\n{TWO}");
    let cases: [(&str, &str, &[&str], &[&str]); 5] = [
        ("quiet", &route, &[], &[]),
        (
            "strict",
            &route,
            &["net/ipv4/conf/e0/rp_filter=1"],
            &["net.ipv4.conf.e0.rp_filter is 1", "203.0.113.0/24", "no unicast route out of e0"],
        ),
        (
            "loose",
            &route,
            &["net/ipv4/conf/all/rp_filter=2"],
            &["net.ipv4.conf.all.rp_filter is 2", "203.0.113.0/24"],
        ),
        (
            "table",
            &table,
            &[],
            &["ip mrule add iif e0 lookup 100", "ip mrule add iif e1 lookup 100"],
        ),
        ("rules", &table, &["e0", "e1"], &[]),
    ];
    for (name, text, given, culprits) in cases {
        let path = config(name, text);
        for scope in ["all", "e0", "e1"] {
            r1.sysctl(&format!("net/ipv4/conf/{scope}/rp_filter"), "0")?;
        }
        for given in given {
            match given.split_once('=') {
                Some((sysctl, value)) => r1.sysctl(sysctl, value)?,
                None => r1.ip(&format!("mrule add iif {given} lookup 100"))?,
            }
        }
        let (code, here) = r1.castnetd(&["check", "--here"], &path)?;
        assert_eq!((code, here.contains("here:")), (0, !culprits.is_empty()), "{name}: {here}");
        let mut castnetd = r1.serve(&path)?;
        castnetd.says(&["multicast between"]).await?;
        castnetd.reload().await?;
        for culprit in culprits {
            assert!(here.contains(culprit), "{name}: {here}");
            let warned = castnetd.heard.lines().any(|l| l.contains("WARN") && l.contains(culprit));
            assert!(warned, "{name}: {}", castnetd.heard);
        }
        let warnings = castnetd.heard.lines().filter(|line| line.contains("WARN")).count();
        assert_eq!(warnings > 0, !culprits.is_empty(), "{name}: {}", castnetd.heard);
        castnetd.ends_well().await?;
    }
    Ok(())
}
