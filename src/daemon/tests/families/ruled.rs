//! Static rules in both families, as members' links see them.

use std::fmt::Write as _;

use castnet::addr::Family;
use libtest_mimic::Failed;

use super::rig::{R1, Rig, SOURCE, UP, burst, config, is_datagram};
use super::{FAMILIES, group};

/// The rules of a file in both families: what each has for its groups, and what it excepts.
fn file(rules: &[[(&str, &str); 2]]) -> String {
    let interface =
        |name| format!("{{ name = '{name}', igmp-enabled = false, mld-enabled = false }}");
    let mut text = format!("interface = [{}, {}]\n", interface("up"), interface("lan"));
    for (groups, except) in rules.iter().flatten() {
        let except = if except.is_empty() { String::new() } else { format!("'{except}'") };
        let rule = format!("group = '{groups}'\nexcept = [{except}]\nto = ['lan']\n");
        _ = writeln!(text, "[[rule]]\nfrom = 'up'\n{rule}");
    }
    text
}

/// Sends to the groups in their order, and hears only the last one, each time.
async fn only_last(rig: &mut Rig, family: Family, numbers: &[u8]) -> Result<(), Failed> {
    let socket = rig.socket(SOURCE, UP, family)?;
    let groups: Vec<_> = numbers.iter().map(|&number| group(family, number)).collect();
    groups.iter().try_for_each(|&group| burst(&socket, group, 3))?;
    let last = *groups.last().ok_or("no group")?;
    for _ in 0..3 {
        let is_any = |frame: &_| groups.iter().any(|&group| is_datagram(frame, group));
        let heard = rig.frame("datagram", is_any).await?;
        assert!(is_datagram(&heard, last), "{family}: not to {last}: {:x?}", heard.bytes);
    }
    Ok(())
}

/// A range without one group, and then without the source, beside a rule without exceptions.
pub(crate) async fn exceptions() -> Result<(), Failed> {
    let mut rig = Rig::new().await?;
    let ranges = ["239.1.1.0/24", "ff1e::/112"];
    let without = |[v4, v6]: [&'static str; 2]| [(ranges[0], v4), (ranges[1], v6)];
    let path = config("except", &file(&[without(["239.1.1.2", "ff1e::2"])]));
    let mut castnetd = rig.castnetd(R1, &path)?;
    castnetd.says(&["multicast between"]).await?;
    for family in FAMILIES {
        only_last(&mut rig, family, &[2, 1]).await?;
    }
    let whole = [("239.1.1.3", ""), ("ff1e::3", "")];
    config("except", &file(&[without(["10.0.1.9", "2001:db8:1::9"]), whole]));
    castnetd.hang_up()?;
    castnetd.says(&["IPv6 configured anew"]).await?;
    for family in FAMILIES {
        only_last(&mut rig, family, &[1, 2, 3]).await?;
    }
    Ok(())
}
