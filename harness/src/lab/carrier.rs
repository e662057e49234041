//! When the kernel has noticed the carrier of an interface.
//!
//! The carrier itself changes with the far end at once; the operational state (RFC 2863) follows when
//! the kernel's worker has run (net/core/link_watch.c).

use std::io;

use futures_util::{StreamExt as _, TryStreamExt as _};
use netlink_packet_core::NetlinkPayload;
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{LinkAttribute, LinkFlags, LinkMessage, State};
use rtnetlink::MulticastGroup;
use tokio::runtime;

use super::Netns;
use super::netlink::to_io;

/// Returns once the operational state of an interface is that of its carrier, or it is down.
///
/// # Errors
/// Errors of [`Netns::run`], of making the socket, and the kernel's answer.
///
/// # Panics
/// Outside a tokio runtime.
pub async fn noticed(netns: &Netns, ifindex: u32) -> io::Result<()> {
    let runtime = runtime::Handle::current();
    let (connection, handle, mut changes) = netns.run(|| {
        let _inside_runtime = runtime.enter();
        rtnetlink::new_multicast_connection(&[MulticastGroup::Link])
    })??;
    let connection = runtime.spawn(connection);
    let noticed = async {
        let mut asked = std::pin::pin!(handle.link().get().match_index(ifindex).execute());
        let mut is_noticed = match asked.try_next().await.map_err(to_io)? {
            Some(link) => is_noticed(&link),
            None => true,
        };
        while !is_noticed {
            let Some((message, _)) = changes.next().await else { break };
            if let NetlinkPayload::InnerMessage(RouteNetlinkMessage::NewLink(link)) =
                message.payload
                && link.header.index == ifindex
            {
                is_noticed = self::is_noticed(&link);
            }
        }
        Ok(())
    };
    let noticed = noticed.await;
    connection.abort();
    // The only outcome of an aborted task that never panics is that it was aborted.
    let _aborted = connection.await;
    noticed
}

fn is_noticed(link: &LinkMessage) -> bool {
    let has = |flag| link.header.flags.contains(flag);
    let state = link.attributes.iter().find_map(|attribute| match attribute {
        LinkAttribute::OperState(state) => Some(*state),
        _ => None,
    });
    !has(LinkFlags::Up) || (state == Some(State::Up)) == has(LinkFlags::LowerUp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_carrier_is_noticed_when_the_state_follows_it() {
        let link = |flags, state| {
            let mut link = LinkMessage::default();
            link.header.flags = flags;
            link.attributes.push(LinkAttribute::OperState(state));
            is_noticed(&link)
        };
        let (up, carries) = (LinkFlags::Up, LinkFlags::Up | LinkFlags::LowerUp);
        assert!(link(carries, State::Up) && link(up, State::LowerLayerDown));
        assert!(!link(carries, State::LowerLayerDown) && !link(carries, State::Down));
        assert!(!link(up, State::Up), "the carrier is gone, and nobody knows");
        // Nothing will come of an interface that is down.
        assert!(link(LinkFlags::empty(), State::Down));
    }
}
