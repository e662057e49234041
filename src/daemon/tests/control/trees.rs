//! What castnetctl shows of PIM, of two castnetds that are neighbours.

use libtest_mimic::Failed;
use nix::sys::signal::{Signal, kill};
use serde_json::{Value, json};

use super::asking::rows;
use super::rig::config;
use super::serving::Castnetd;
use super::{Lab, ctl, socket, start};

/// PIM on the interfaces, with 10.0.1.10 for the RP.
fn speaking(interfaces: &[&str]) -> String {
    let interface = |name: &&str| format!("[[interface]]\nname = '{name}'\npim = {{}}\n");
    let interfaces: String = interfaces.iter().map(interface).collect();
    format!(
        "families = ['ipv4']\npim = {{ triggered-hello-delay = '100ms' }}\n{interfaces}\
         [[rp]]\naddress = '10.0.1.10'\ngroups = ['239.0.0.0/8', '232.1.0.0/16']\n"
    )
}

pub(crate) async fn trees() -> Result<(), Failed> {
    let mut lab = Lab::serving("trees", &speaking(&["e0", "e1"])).await?;
    let other = socket("trees-rp");
    let mut rp = start(&lab.nodes[0], &other, &config("trees-rp", &speaking(&["eth0"])))?;
    lab.castnetd.says(&["PIM neighbour 10.0.1.10"]).await?;
    rp.says(&["PIM neighbour 10.0.1.1"]).await?;
    let _member = lab.nodes[2].member("10.0.2.20")?;
    rp.says(&["(*, 239.1.1.1) joined downstream"]).await?;

    let all = rows(&lab, "neighbours", "neighbours").await?;
    let [row] = &all[..] else { return Err(format!("{all:?}").into()) };
    // The higher address is the Designated Router (RFC7761-4.3.2-02).
    for (key, value) in [
        ("interface", json!("e0")),
        ("address", json!("10.0.1.10")),
        ("dr-priority", json!(1)),
        ("is-dr", json!(true)),
        ("secondary", json!([])),
    ] {
        assert_eq!(row[key], value, "{key} of {row}");
    }
    let expires = row["expires-s"].as_f64().ok_or("no expiry")?;
    assert!((60.0..=105.0).contains(&expires), "{row}");
    let text = lab.shows("show neighbours").await?;
    assert!(text.contains("e1         10.0.2.1  10.0.2.1 (this router)"), "{text}");

    // The last hop has joined at the RP, which is the root and joins nobody.
    let all = rows(&lab, "joins 239.1.1.1", "joins").await?;
    let [row] = &all[..] else { return Err(format!("{all:?}").into()) };
    let (source, group, rp_of) = (Value::Null, json!("239.1.1.1"), json!("10.0.1.10"));
    assert_eq!((&row["source"], &row["group"], &row["rp"]), (&source, &group, &rp_of), "{row}");
    let upstream = (json!("e0"), json!("10.0.1.10"), json!([]));
    let found = (&row["upstream"], &row["neighbour"], &row["downstream"]);
    assert_eq!(found, (&upstream.0, &upstream.1, &upstream.2), "{row}");
    assert_eq!(rows(&lab, "joins 239.1.1.9", "joins").await?, Vec::<Value>::new());
    let said = ctl(&other, "show tree", None).await?;
    assert!(said.out.contains("239.1.1.1") && said.out.contains("eth0"), "{said:?}");

    let text = ctl(&other, "show rp 239.1.1.1", None).await?.out;
    assert!(text.contains("239.0.0.0/8  10.0.1.10  this router"), "{text}");
    assert_eq!(rows(&lab, "rp 224.1.1.1", "rps").await?, Vec::<Value>::new());
    // A group of one source has none (RFC7761-4.8.1-01).
    assert_eq!(rows(&lab, "rp 232.1.1.1", "rps").await?, Vec::<Value>::new());
    let row_of = |groups| json!({"address": "10.0.1.10", "groups": groups, "is-own": false});
    assert_eq!(rows(&lab, "rp", "rps").await?, [row_of("239.0.0.0/8"), row_of("232.1.0.0/16")]);

    // A router that ends says goodbye (RFC7761-4.3.1-11).
    rp.ends_well().await?;
    lab.castnetd.says(&["no PIM neighbour 10.0.1.10"]).await?;
    assert_eq!(rows(&lab, "neighbours", "neighbours").await?, Vec::<Value>::new());
    let text = lab.shows("explain 198.51.100.7 239.1.1.1 --for 100ms").await?;
    let told =
        "10.0.1.10, the root of the tree, is reached by e0, and 10.0.1.10 says no Hello there";
    assert!(text.contains(told), "{text}");
    lab.castnetd.ends_well().await
}

/// A keeper's daemons have no privilege, and speak by the socket that they are handed. The neighbour of one that was
/// killed joins again, as the generation ID is another one (RFC7761-4.5.4-04).
pub(crate) async fn kept() -> Result<(), Failed> {
    let mut lab = Lab::serving("kept-trees", &speaking(&["e0", "e1"])).await?;
    let mut rp = Castnetd::kept(&lab.nodes[0].0, &config("kept-rp", &speaking(&["eth0"])))?;
    let daemon = rp.serving().await?;
    rp.says(&["PIM neighbour 10.0.1.1"]).await?;
    lab.castnetd.says(&["PIM neighbour 10.0.1.10"]).await?;
    let _member = lab.nodes[2].member("10.0.2.20")?;
    rp.says(&["(*, 239.1.1.1) joined downstream"]).await?;
    kill(daemon, Signal::SIGKILL)?;
    rp.serving().await?;
    rp.says(&["PIM neighbour 10.0.1.1"]).await?;
    rp.says(&["(*, 239.1.1.1) joined downstream"]).await?;
    assert!(!lab.castnetd.heard.contains("no PIM neighbour"), "{}", lab.castnetd.heard);
    lab.castnetd.ends_well().await
}
