//! Waits until the far ends of a namespace's links are gone. The kernel removes namespaces some
//! time after they are closed, and holds its lock for all interfaces (RTNL) meanwhile.

use std::fs;
use std::io;

use futures_util::StreamExt as _;
use rtnetlink::MulticastGroup;
use tokio::runtime;

use super::Netns;

/// Returns once netlink (`RTNLGRP_LINK`) shows no interface but `lo` in the namespace.
///
/// # Errors
/// Errors of [`Netns::run`], of making the socket and of listing the interfaces.
///
/// # Panics
/// Outside a tokio runtime.
pub async fn alone(netns: &Netns) -> io::Result<()> {
    let runtime = runtime::Handle::current();
    let (connection, _, mut changes) = netns.run(|| {
        let _inside_runtime = runtime.enter();
        rtnetlink::new_multicast_connection(&[MulticastGroup::Link])
    })??;
    let connection = runtime.spawn(connection);
    let mut is_alone = count(netns)? <= 1;
    while !is_alone && changes.next().await.is_some() {
        is_alone = count(netns)? <= 1;
    }
    connection.abort();
    // The only outcome of an aborted task that never panics is that it was aborted.
    let _aborted = connection.await;
    Ok(())
}

/// The number of interfaces, from /proc: a netlink request would wait for the RTNL lock.
fn count(netns: &Netns) -> io::Result<usize> {
    let text = netns.run(|| fs::read_to_string("/proc/thread-self/net/dev"))??;
    // Two lines are a heading.
    Ok(text.lines().count().saturating_sub(2))
}
