//! What castnetctl shows of a castnetd that routes.

use std::io::{Read as _, Write as _};
use std::process::Stdio;

use libtest_mimic::Failed;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;
use tokio::time::timeout;

use super::rig::beside;
use super::serving::BOUND;
use super::{CASTNETCTL, Lab, TWO};

/// The rows of an answer.
pub(crate) async fn rows(lab: &Lab, words: &str, of: &str) -> Result<Vec<Value>, Failed> {
    let text = lab.shows(&format!("show {words} --json")).await?;
    let value: Value = serde_json::from_str(&text)?;
    assert_eq!((&value["version"], &value["kind"]), (&json!(1), &json!(of)), "{text}");
    Ok(value[of].as_array().ok_or("no rows")?.clone())
}

pub(crate) async fn groups() -> Result<(), Failed> {
    let mut lab = Lab::serving("groups", TWO).await?;
    let _member = lab.nodes[2].member("10.0.2.20")?;
    lab.castnetd.says(&["members present of 239.1.1.1"]).await?;
    let ours = |row: &Value| row["group"] == "239.1.1.1";
    let other = rows(&lab, "groups e0", "groups").await?;
    assert!(!other.iter().any(ours), "{other:?}");
    // The router's own kernel is a member of the groups to which hosts report.
    let mut all = rows(&lab, "groups e1", "groups").await?;
    all.retain(ours);
    let [row] = &all[..] else { return Err(format!("{all:?}").into()) };
    for (key, value) in [
        ("interface", json!("e1")),
        ("group", json!("239.1.1.1")),
        ("mode", json!("exclude")),
        ("excluded", json!([])),
        ("version", json!(3)),
        ("checking", json!(false)),
    ] {
        assert_eq!(row[key], value, "{key} of {row}");
    }
    // GMI = 2 x 60 s + 2 x 0.2 s (RFC 9776 section 8.4).
    let expires = row["expires-s"].as_f64().ok_or("no expiry")?;
    assert!((60.0..=120.4).contains(&expires), "{row}");
    let text = lab.shows("show groups").await?;
    assert!(text.starts_with("INTERFACE") && text.contains("e1         239.1.1.1"), "{text}");
    assert!(!text.contains('\u{1b}'), "{text:?}");
    let said = lab.ctl("show groups e7").await?;
    assert_eq!((said.code, &said.err[..]), (3, "castnetctl: e7 is not served\n"));
    lab.castnetd.ends_well().await
}

pub(crate) async fn flows() -> Result<(), Failed> {
    let lab = Lab::serving("flows", TWO).await?;
    let member = lab.nodes[2].member("10.0.2.20")?;
    beside(lab.nodes[0].source("10.0.1.10")?, member.is_served()).await?;
    let all = rows(&lab, "routes 10.0.1.10 239.1.1.1", "routes").await?;
    let [row] = &all[..] else { return Err(format!("{all:?}").into()) };
    let oif = json!([{ "interface": "e1", "threshold": 1, "members": true, "joined": false }]);
    assert_eq!((&row["iif"], &row["oifs"], &row["wrong-if"]), (&json!("e0"), &oif, &json!(0)));
    assert!(row["packets"].as_u64() > Some(0), "{row}");
    let none = rows(&lab, "routes 10.0.1.11", "routes").await?;
    assert_eq!(none, Vec::<Value>::new());
    let all = rows(&lab, "interfaces", "interfaces").await?;
    let e1 = all.iter().find(|row| row["name"] == "e1").ok_or("no e1")?;
    assert_eq!((&e1["up"], &e1["querier"]), (&json!(true), &json!("10.0.2.1")), "{e1}");
    assert!(e1["packets-out"].as_u64() > Some(0), "{e1}");
    let text = lab.shows("sh int").await?;
    assert!(text.contains("this router"), "{text}");
    lab.castnetd.ends_well().await
}

pub(crate) async fn monitor() -> Result<(), Failed> {
    let lab = Lab::serving("monitor", TWO).await?;
    let mut ctl = Command::new(CASTNETCTL);
    ctl.arg("--socket").arg(&lab.socket).args(["--json", "monitor", "interfaces", "--count", "1"]);
    let mut child = ctl.stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
    let mut lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
    let mut line = async || timeout(BOUND, lines.next_line()).await?.map_err(Failed::from);
    assert_eq!(line().await?.as_deref(), Some(r#"{"version":1,"kind":"ok"}"#));
    // Now it hears everything.
    lab.nodes[1].ip("link set e1 down")?;
    let told: Value = serde_json::from_str(&line().await?.ok_or("no event")?)?;
    assert_eq!((&told["topic"], &told["text"]), (&json!("interfaces"), &json!("e1 is down")));
    assert_eq!(timeout(BOUND, child.wait()).await??.code(), Some(0));
    lab.castnetd.ends_well().await
}

pub(crate) async fn log_and_config() -> Result<(), Failed> {
    let mut lab = Lab::serving("log", TWO).await?;
    let _member = lab.nodes[2].member("10.0.2.20")?;
    lab.castnetd.says(&["members present of 239.1.1.1"]).await?;
    let text = lab.shows("show log").await?;
    assert!(text.contains("info     IPv4 e1: members present of 239.1.1.1"), "{text}");
    lab.shows("join e1 239.9.9.9").await?;
    let text = lab.shows("show config").await?;
    assert!(text.contains(TWO) && text.ends_with("# since then: join e1 239.9.9.9\n"), "{text}");
    lab.castnetd.ends_well().await
}

/// The value of a sample, by its name and labels.
fn sample(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().parse().ok()
}

pub(crate) async fn metrics() -> Result<(), Failed> {
    // The namespace has a loopback interface of its own.
    let lab = Lab::serving("metrics", &format!("metrics = '127.0.0.1:9464'\n{TWO}")).await?;
    let member = lab.nodes[2].member("10.0.2.20")?;
    beside(lab.nodes[0].source("10.0.1.10")?, member.is_served()).await?;
    _ = lab.ctl("reload").await?;
    let text = lab.shows("metrics").await?;
    let out = "castnet_interface_packets_total{interface=\"e1\",family=\"ipv4\",direction=\"out\"}";
    assert!(sample(&text, out) > Some(0), "{text}");
    for (name, value) in [
        ("castnet_querier{interface=\"e1\",family=\"ipv4\"}", 1),
        ("castnet_upcalls_total{family=\"ipv4\",type=\"nocache\"}", 1),
        ("castnet_flows{family=\"ipv4\"}", 1),
        ("castnet_reloads_total{result=\"taken\"}", 1),
    ] {
        assert_eq!(sample(&text, name), Some(value), "{name} in {text}");
    }
    // Each metric says once what it is, and no group has a series of its own.
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().unwrap_or_default();
        assert_eq!(text.matches(&format!("# TYPE {name} ")).count(), 1, "{name}");
    }
    assert!(!text.contains("239.1.1.1"), "{text}");
    for (request, part) in [
        ("GET /metrics HTTP/1.1\r\nHost: r1\r\n\r\n", "HTTP/1.1 200 OK\r\n"),
        ("GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 404 "),
        ("POST /metrics HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "),
        ("\u{1}\n\n", "HTTP/1.1 400 "),
    ] {
        let answer = lab.nodes[1].0.run(|| {
            let mut stream = std::net::TcpStream::connect("127.0.0.1:9464")?;
            stream.set_read_timeout(Some(BOUND))?;
            stream.write_all(request.as_bytes())?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).map(|_| answer)
        })??;
        assert!(answer.starts_with(part), "{request:?}: {answer}");
        assert_eq!(answer.contains("castnet_build_info{"), part.contains("200"), "{answer}");
    }
    lab.castnetd.ends_well().await
}
