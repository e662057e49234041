//! Clients that nobody would want, and who may do what.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _, chown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::time::Duration;

use libtest_mimic::Failed;

use super::rig::{Node, beside, config, lost_and_doubled};
use super::{CASTNETCTL, Lab, TWO, ctl, socket, start};

const SHOW: &[u8] = b"{\"version\":1,\"ask\":{\"show\":\"log\"}}\n";

/// 40 clients that go before their answer, 10 that say nothing, one that sends what nobody can read, one
/// that asks on and on and never reads, and one that ends no line, beside a stream and a new one.
pub(crate) async fn misbehaving() -> Result<(), Failed> {
    let lab = Lab::serving("strangers", TWO).await?;
    let member = lab.nodes[2].member("10.0.2.20")?;
    lab.nodes[0].ip("addr add 10.0.1.11/24 dev eth0")?;
    let connect = || UnixStream::connect(&lab.socket);
    let numbers = beside(lab.nodes[0].source("10.0.1.10")?, async {
        member.is_served().await?;
        member.drain();
        let idle: Vec<UnixStream> = (0..10).map(|_| connect()).collect::<Result<_, _>>()?;
        let (mut garbage, mut endless, mut deaf) = (connect()?, connect()?, connect()?);
        for client in [&garbage, &endless, &deaf] {
            client.set_nonblocking(true)?;
        }
        let mut numbers = Vec::new();
        for _ in 0..40 {
            connect()?.write_all(SHOW)?;
            // Their sockets' buffers are full sooner or later, and castnetd may have hung up.
            _ = garbage.write(&[0xff; 4096]);
            _ = endless.write(&[b'{'; 4096]);
            _ = deaf.write(&SHOW.repeat(100));
            numbers.extend(member.during(Duration::from_millis(25)).await?);
        }
        // Who asks in earnest is answered all the same.
        lab.shows("show groups").await?;
        drop(idle);
        Ok(numbers)
    })
    .await?;
    assert!(numbers.len() > 150, "only {} datagrams", numbers.len());
    assert_eq!(lost_and_doubled(&numbers), (0, 0));
    // The loop has answered the kernel for a flow that began among them.
    beside(lab.nodes[0].source("10.0.1.11")?, member.is_served()).await?;
    lab.castnetd.ends_well().await
}

pub(crate) async fn one_owner() -> Result<(), Failed> {
    let nodes = Node::all(["r1", "r2"])?;
    let (path, config) = (socket("owner"), config("owner", TWO));
    // Nobody listens on what an earlier castnetd has left.
    drop(UnixListener::bind(&path)?);
    let mut first = start(&nodes[0], &path, &config)?;
    first.says(&["routing"]).await?;
    let file = fs::symlink_metadata(&path)?;
    assert!(file.file_type().is_socket());
    assert_eq!(file.permissions().mode() & 0o777, 0o660);
    let mut second = start(&nodes[1], &path, &config)?;
    let why = second.says(&["castnetd: another process listens on"]).await;
    assert!(why.is_ok(), "{why:?}");
    let said = ctl(&path, "show interfaces", None).await?;
    assert_eq!(said.code, 0, "{said:?}");
    first.ends_well().await?;
    assert!(!path.exists());
    let said = ctl(&path, "show interfaces", None).await?;
    assert_eq!(said.code, 4, "{said:?}");
    // A file of somebody's own is not touched.
    fs::write(&path, "mine")?;
    let mut third = start(&nodes[0], &path, &config)?;
    third.says(&["is there, and is no socket"]).await?;
    assert_eq!(fs::read_to_string(&path)?, "mine");
    fs::remove_file(&path)?;
    Ok(())
}

/// A member of the group that may look, by the mode of the socket, is refused every change.
pub(crate) async fn readers() -> Result<(), Failed> {
    const NOBODY: u32 = 65534;
    let lab = Lab::serving("readers", TWO).await?;
    // In a user namespace with one user there is nobody else.
    let others = fs::read_to_string("/proc/self/uid_map")?;
    let has_others = others.split_whitespace().last().and_then(|n| n.parse().ok()) > Some(NOBODY);
    if !has_others {
        eprintln!("this user namespace has no other user, and only the owner is tried");
        return lab.castnetd.ends_well().await;
    }
    let run = |words: &str| {
        let mut ctl = Command::new(CASTNETCTL);
        ctl.arg("--socket").arg(&lab.socket).args(words.split_whitespace());
        ctl.uid(NOBODY).gid(NOBODY).output()
    };
    assert_eq!(run("show groups")?.status.code(), Some(4), "the mode lets nobody else in");
    chown(&lab.socket, None, Some(NOBODY))?;
    assert_eq!(run("show groups")?.status.code(), Some(0));
    for words in ["join e1 239.2.2.2", "flush", "reload", "route add 203.0.113.0/24 e0"] {
        let output = run(words)?;
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{words}: {err}");
        assert!(err.contains("only root and the user of castnetd may change"), "{words}: {err}");
    }
    assert!(!lab.shows("show config").await?.contains("since then"));
    // A refusal is one answer, and the connection lives on.
    let mut client = UnixStream::connect(&lab.socket)?;
    client.write_all(b"{\"version\":9,\"id\":5,\"ask\":\"flush\"}\n")?;
    let mut answer = String::new();
    client.read_to_string(&mut answer)?;
    assert!(
        answer.starts_with("{\"version\":1,\"id\":5,\"refused\":{\"kind\":\"malformed\""),
        "{answer}"
    );
    lab.castnetd.ends_well().await
}
