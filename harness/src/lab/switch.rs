//! A switch: the ports of one namespace joined by a bridge that listens in on IGMP.
//!
//! The links are built before, and end at its ports; a port that is up may still take a moment until
//! it forwards, which the capture's proof settles, for it wants every segment crossed. The bridge has
//! no spanning tree, and says nothing of its own until [`set_querier`].

use std::io;

use ipnet::IpNet;

use super::{LabError, Netlink, Netns, Snooping};

/// The bridge's name. With its dot it is that of no link.
const BRIDGE: &str = "br.0";

/// A bridge to be made.
#[derive(Clone, Debug)]
pub struct SwitchSpec {
    /// How it snoops; it asks nobody yet, whatever stands there.
    pub snooping: Snooping,
    /// The bridge's Ethernet address.
    pub mac: [u8; 6],
    /// The address that it asks from.
    pub address: Option<IpNet>,
    /// The interfaces to join, by index.
    pub ports: Vec<u32>,
    /// Those among them on which a Leave counts at once.
    pub fast_leave: Vec<u32>,
}

/// Makes the bridge and joins the ports, which keep their own addresses.
///
/// # Errors
/// The first operation that the kernel refused.
///
/// # Panics
/// Outside a tokio runtime.
pub async fn build(netns: &Netns, spec: &SwitchSpec) -> Result<(), LabError> {
    let failed = |operation: &str| {
        let (netns, operation) = (netns.name().to_owned(), operation.to_owned());
        |source| LabError::Netns { netns, operation, source }
    };
    let netlink = Netlink::open(netns).map_err(failed("open netlink"))?;
    netlink
        .add_bridge(BRIDGE, spec.mac, &spec.snooping, spec.address.is_some())
        .await
        .map_err(failed("create bridge"))?;
    let bridge = netlink.index_of(BRIDGE).await.map_err(failed("find bridge"))?;
    if let Some(address) = spec.address {
        let added = netlink.add_address(bridge, address).await;
        added.map_err(failed("add the address of the bridge"))?;
    }
    for &port in &spec.ports {
        let fast_leave = spec.fast_leave.contains(&port);
        netlink.enslave(port, bridge, fast_leave).await.map_err(failed("join port"))?;
    }
    netlink.close().await;
    Ok(())
}

/// Has the bridge in the namespace snoop, and ask, in another way from now on. Timers that run are kept.
///
/// # Errors
/// What the kernel answers.
///
/// # Panics
/// Outside a tokio runtime.
pub async fn configure(netns: &Netns, snooping: &Snooping) -> io::Result<()> {
    let netlink = Netlink::open(netns)?;
    let set = netlink.set_snooping(BRIDGE, snooping).await;
    netlink.close().await;
    set
}

/// Lets the bridge in the namespace begin to ask, or stop.
///
/// # Errors
/// What the kernel answers.
///
/// # Panics
/// Outside a tokio runtime.
pub async fn set_querier(netns: &Netns, on: bool) -> io::Result<()> {
    let netlink = Netlink::open(netns)?;
    let set = netlink.set_querier(BRIDGE, on).await;
    netlink.close().await;
    set
}
