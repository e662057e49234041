//! A switch: the ports of one namespace joined by a bridge that snoops IGMP.
//!
//! The links must exist before, with ends in the switch's namespace. A port that is up may take a
//! moment until it forwards; the capture's proof waits for that, since probes must cross every
//! segment. The bridge has no spanning tree, and sends nothing of its own until [`set_querier`].

use std::io;

use ipnet::IpNet;

use super::{LabError, Netlink, Netns};
use crate::knobs::BridgeKnobs;

/// The bridge's name. The dot keeps it apart from the names of links.
const BRIDGE: &str = "br.0";

/// A bridge to be built.
#[derive(Clone, Debug)]
pub struct SwitchSpec {
    /// How the bridge snoops; `querier` is ignored until [`set_querier`].
    pub knobs: BridgeKnobs,
    /// The bridge's Ethernet address.
    pub mac: [u8; 6],
    /// The source address of the bridge's Queries.
    pub address: Option<IpNet>,
    /// The interfaces to join, by index.
    pub ports: Vec<u32>,
    /// The interfaces among `ports` on which a Leave takes effect at once.
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
        .add_bridge(BRIDGE, spec.mac, &spec.knobs, spec.address.is_some())
        .await
        .map_err(failed("create bridge"))?;
    let bridge = netlink.index_of(BRIDGE).await.map_err(failed("find bridge"))?;
    if let Some(address) = spec.address {
        let added = netlink.add_address(bridge, address).await;
        added.map_err(failed("add the address of the bridge"))?;
    }
    for &port in &spec.ports {
        let fast_leave = spec.fast_leave.contains(&port);
        let joined = netlink.enslave(port, bridge, fast_leave, &spec.knobs).await;
        joined.map_err(failed("join port"))?;
    }
    netlink.close().await;
    Ok(())
}

/// Changes how the bridge in the namespace snoops and queries. Running timers are kept.
///
/// # Errors
/// The kernel's error.
///
/// # Panics
/// Outside a tokio runtime.
pub async fn configure(netns: &Netns, knobs: &BridgeKnobs) -> io::Result<()> {
    let netlink = Netlink::open(netns)?;
    let set = netlink.set_snooping(BRIDGE, knobs).await;
    netlink.close().await;
    set
}

/// Starts or stops the querier of the bridge in the namespace.
///
/// # Errors
/// The kernel's error.
///
/// # Panics
/// Outside a tokio runtime.
pub async fn set_querier(netns: &Netns, on: bool) -> io::Result<()> {
    let netlink = Netlink::open(netns)?;
    let set = netlink.set_querier(BRIDGE, on).await;
    netlink.close().await;
    set
}
