//! Static rules in both families, as members' links see them.

use std::fmt::Write as _;

use castnet::addr::Family;
use castnet_lab::lab::Frame;
use libtest_mimic::Failed;

use super::rig::{R1, Rig, SOURCE, UP, burst, config, is_datagram, is_message};
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

/// Whether a frame is a message of Multicast Router Discovery from r1: its number in RFC 4286, from 0.
fn discovery(frame: &Frame) -> Option<(Family, u8)> {
    let of_r1 = frame.bytes[6..12] == [2, 0, 0, 0, 2, 2];
    let kinds = [(Family::V4, 0x30), (Family::V6, 151)];
    let all = kinds.into_iter().flat_map(|(family, first)| (0..3).map(move |n| (family, first, n)));
    all.filter(|&(family, first, n)| of_r1 && is_message(frame, family, first + n))
        .map(|(family, _, n)| (family, n))
        .next()
}

/// Advertisements on the members' link; a Termination when the configuration has them no more, and when
/// castnetd ends.
pub(crate) async fn advertised() -> Result<(), Failed> {
    let mut rig = Rig::new().await?;
    let silent = file(&[]);
    let advertising = silent.replace("name = 'lan',", "name = 'lan', router-discovery = '4s',");
    let path = config("mrdisc", &advertising);
    let castnetd = rig.castnetd(R1, &path)?;
    for round in 0..2 {
        for family in FAMILIES {
            let is_one = |frame: &_| discovery(frame).is_some_and(|(of, _)| of == family);
            let first = rig.frame("Advertisement", is_one).await?;
            assert_eq!(discovery(&first), Some((family, 0)), "round {round}");
        }
        if round == 0 {
            config("mrdisc", &silent);
            castnetd.hang_up()?;
        } else {
            castnetd.terminate()?;
        }
        for family in FAMILIES {
            let is_end = |frame: &_| discovery(frame) == Some((family, 2));
            rig.frame("Termination", is_end).await?;
        }
        if round == 0 {
            config("mrdisc", &advertising);
            castnetd.hang_up()?;
        }
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
