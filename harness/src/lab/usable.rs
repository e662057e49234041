//! When IPv6 works in a namespace.
//!
//! The kernel receives and sends IPv6 on an interface only once its worker for carriers has made
//! IPv6 ready there (`IF_READY`), and sends from an address only if that is not tentative (RFC 4862
//! section 5.4). Both are told over netlink, so nothing here waits for a time to pass.

use std::io;
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _};
use netlink_packet_route::AddressFamily;
use netlink_packet_route::address::{AddressHeaderFlags, AddressMessage};
use netlink_packet_route::link::{
    AfSpecInet6, AfSpecUnspec, Inet6IfaceFlags, LinkAttribute, LinkFlags, LinkMessage,
};
use rtnetlink::{Handle, MulticastGroup};
use tokio::runtime;
use tokio::time::timeout;

use super::netlink::to_io;
use super::{LabError, Netns};

/// Returns once IPv6 works on every interface that is up in the namespaces, `lo` excepted.
///
/// # Errors
/// [`LabError::Netns`]: `TimedOut` after `bound`, errors of [`Netns::run`], of making a socket, and
/// the kernel's answers.
///
/// # Panics
/// Outside a tokio runtime.
pub async fn ipv6(
    netns: impl IntoIterator<Item = &Netns>,
    bound: Duration,
) -> Result<(), LabError> {
    for one in netns {
        let usable = timeout(bound, usable(one)).await;
        let usable = usable.unwrap_or_else(|_elapsed| Err(io::ErrorKind::TimedOut.into()));
        usable.map_err(|source| LabError::Netns {
            netns: one.name().to_owned(),
            operation: "wait until IPv6 works".to_owned(),
            source,
        })?;
    }
    Ok(())
}

async fn usable(netns: &Netns) -> io::Result<()> {
    let runtime = runtime::Handle::current();
    let (connection, handle, mut changes) = netns.run(|| {
        let _inside_runtime = runtime.enter();
        let changes = [MulticastGroup::Link, MulticastGroup::Ipv6Ifaddr];
        rtnetlink::new_multicast_connection(&changes)
    })??;
    let connection = runtime.spawn(connection);
    let waited = async {
        // Subscribed first: a change after the question is told.
        while !is_usable(&handle).await? {
            if changes.next().await.is_none() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    };
    let waited = waited.await;
    connection.abort();
    waited
}

async fn is_usable(handle: &Handle) -> io::Result<bool> {
    let mut links = std::pin::pin!(handle.link().get().execute());
    while let Some(link) = links.try_next().await.map_err(to_io)? {
        if !is_ready(&link) {
            return Ok(false);
        }
    }
    let mut addresses = std::pin::pin!(handle.address().get().execute());
    while let Some(address) = addresses.try_next().await.map_err(to_io)? {
        if is_tentative(&address) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether IPv6 is ready on an interface, or need not be.
fn is_ready(link: &LinkMessage) -> bool {
    let has = |flag| link.header.flags.contains(flag);
    let families = link.attributes.iter().filter_map(|attribute| match attribute {
        LinkAttribute::AfSpecUnspec(families) => Some(families),
        _ => None,
    });
    let ipv6 = families.flatten().filter_map(|family| match family {
        AfSpecUnspec::Inet6(values) => Some(values),
        _ => None,
    });
    let mut flags = ipv6.flatten().filter_map(|value| match value {
        AfSpecInet6::Flags(flags) => Some(*flags),
        _ => None,
    });
    !has(LinkFlags::Up)
        || has(LinkFlags::Loopback)
        || flags.any(|flags| flags.contains(Inet6IfaceFlags::Ready))
}

fn is_tentative(address: &AddressMessage) -> bool {
    address.header.family == AddressFamily::Inet6
        && address.header.flags.contains(AddressHeaderFlags::Tentative)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_that_is_up_works_when_it_is_ready() {
        let ready = |flags, of_ipv6: Option<Inet6IfaceFlags>| {
            let mut link = LinkMessage::default();
            link.header.flags = flags;
            let ipv6 = of_ipv6.map(|flags| AfSpecUnspec::Inet6(vec![AfSpecInet6::Flags(flags)]));
            link.attributes.push(LinkAttribute::AfSpecUnspec(ipv6.into_iter().collect()));
            is_ready(&link)
        };
        let (none, carrier) = (Inet6IfaceFlags::empty(), LinkFlags::Up | LinkFlags::LowerUp);
        assert!(ready(carrier, Some(Inet6IfaceFlags::Ready)));
        assert!(!ready(carrier, Some(none)), "the worker has not come yet");
        assert!(!ready(carrier, None), "the kernel said nothing of IPv6");
        assert!(ready(LinkFlags::empty(), Some(none)), "nothing will come of what is down");
        assert!(ready(LinkFlags::Up | LinkFlags::Loopback, None));
    }
}
