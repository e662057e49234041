//! The command of `-e`: run by a process of its own, because the router itself may start none once it serves.
//!
//! The router writes a line for each call, and never waits: calls for which a pipe has no room are
//! lost.

use std::io::{BufRead as _, BufReader, Write as _, stdin};
use std::process::{ChildStdin, Command, Stdio};

use castnet::daemon::program::Hooked;
use castnet::mfc::entry::Flow;
use nix::fcntl::{FcntlArg, OFlag, fcntl};

/// Starts the process that makes the calls; the result is told what to call for.
pub(crate) fn start(command: &str) -> anyhow::Result<impl FnMut(Hooked) + use<>> {
    let mut own = Command::new(std::env::current_exe()?);
    own.args(["--run-hook", command]).stdin(Stdio::piped());
    let mut pipe = own.spawn()?.stdin.take();
    if let Some(pipe) = &pipe {
        fcntl(pipe, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    }
    Ok(move |hooked: Hooked| {
        // Without the process nothing can be called.
        _ = pipe.as_mut().map(|pipe: &mut ChildStdin| pipe.write_all(line(hooked).as_bytes()));
    })
}

/// A call in a line of at most 128 octets, which a pipe takes as a whole or not at all.
fn line(hooked: Hooked) -> String {
    match hooked {
        Hooked::Configured => "reload\n".to_owned(),
        Hooked::Learned(Flow { source, group }) => format!("install {source} {group}\n"),
    }
}

/// Makes the calls that standard input names, until it ends.
pub(crate) fn run(command: &str) {
    for line in BufReader::new(stdin()).lines().map_while(Result::ok) {
        let words: Vec<&str> = line.split(' ').collect();
        let mut shell = Command::new("/bin/sh");
        shell.stdin(Stdio::null());
        match words[..] {
            ["install", source, group] => {
                let line = format!("{command} install");
                shell.args(["-c", &line]).env("source", source).env("group", group);
            }
            _ => _ = shell.args(["-c", &format!("{command} reload")]),
        }
        // Its exit code means nothing to a router.
        _ = shell.status();
    }
}
