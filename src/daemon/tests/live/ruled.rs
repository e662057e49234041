//! Static rules on interfaces that are live.

use libtest_mimic::Failed;

use super::rig::{Node, beside, config};
use super::{connected, lan};

const RULE: &str = "\
families = ['ipv4']
interface = [{ name = 'e0', igmp-enabled = false }, { name = 'e1*', igmp-enabled = false }]
[[rule]]
from = 'e0'
source = '192.0.2.7'
group = '239.1.1.1'
to = ['e1*']
";

/// The entries of r1: interfaces in and out, without counters.
fn entries(r1: &Node) -> Result<Vec<String>, Failed> {
    let text = r1.proc_net("ip_mr_cache")?;
    let rows = text.lines().skip(1).map(|row| row.split_whitespace().collect::<Vec<_>>());
    let entry = |row: Vec<&str>| [&row[2..3], &row[6..]].concat().join(" ");
    Ok(rows.map(entry).collect())
}

/// No route leads to the source, and nobody runs IGMP: the rule forwards from the first datagram on, again
/// after its interface came back, and until another configuration stops the flow.
pub(crate) async fn forwards() -> Result<(), Failed> {
    let nodes = connected()?;
    let [source, r1, host] = &nodes;
    source.ip("addr add 192.0.2.7/32 dev lo")?;
    let path = config("ruled", RULE);
    let mut castnetd = r1.serve(&path)?;
    castnetd.says(&["multicast between e0, e1"]).await?;
    assert_eq!(entries(r1)?, ["0 1:1"], "before the first datagram");
    let far = || source.far("192.0.2.7", "10.0.1.10");
    {
        let member = host.member("10.0.2.10")?;
        beside(far()?, async {
            assert_eq!(member.next().await?, 0, "the first datagram");
            Ok(())
        })
        .await?;
    }
    r1.ip("link del e1")?;
    castnetd.says(&["e1 is down"]).await?;
    lan(&nodes)?;
    let member = host.member("10.0.2.10")?;
    beside(far()?, member.is_served()).await?;
    config("ruled", &RULE.replace("['e1*']", "[]"));
    castnetd.reload().await?;
    assert_eq!(entries(r1)?, ["0"]);
    castnetd.ends_well().await
}
