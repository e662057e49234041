//! What the machine has: devices, addresses and unicast routes, kept up to date by rtnetlink.
//!
//! It looks at everything and decides nothing; whoever follows it picks out the devices that are
//! configured. Where the kernel drops reports, or does not say all, it asks anew.

mod devices;
mod routes;

use std::collections::BTreeSet;
use std::io;

use crate::addr::Family;
use crate::kernel::{Changes, Forwarded, Monitor, Report, Rule};
pub use devices::{Devices, Seen};
pub use routes::{Learned, Routes};

/// The links of a network namespace.
#[derive(Debug)]
pub struct Links {
    monitor: Monitor,
    devices: Devices,
    routes: Routes,
    /// The indexes of the devices whose routes are of use.
    used: BTreeSet<u32>,
}

impl Links {
    /// The links of the calling thread's network namespace as they are now.
    ///
    /// # Errors
    /// Errors of the netlink sockets.
    pub fn open() -> io::Result<Self> {
        let monitor = Monitor::open()?;
        let (devices, routes) = (Devices::default(), Routes::default());
        let mut links = Self { monitor, devices, routes, used: BTreeSet::new() };
        links.ask()?;
        Ok(links)
    }

    /// Waits until something has changed. May be cancelled.
    ///
    /// # Errors
    /// Errors of the reactor.
    pub async fn changed(&self) -> io::Result<()> {
        self.monitor.changed().await
    }

    /// Takes in what has changed.
    ///
    /// # Errors
    /// Errors of the netlink sockets.
    pub fn update(&mut self) -> io::Result<()> {
        let Changes::Reports(reports) = self.monitor.take()? else { return self.ask() };
        let mut knows_routes = true;
        for report in reports {
            knows_routes &= self.routes.apply(report.clone());
            let loses_routes = matches!(
                report,
                Report::Device(_) | Report::DeviceGone(_) | Report::AddressGone(_)
            );
            let about = self.devices.apply(report);
            knows_routes &= !loses_routes || about.is_none_or(|index| !self.used.contains(&index));
        }
        if knows_routes { Ok(()) } else { self.ask_for_routes() }
    }

    /// From now on the routes out of these devices are of use.
    ///
    /// # Errors
    /// Errors of the netlink sockets.
    pub fn use_only(&mut self, devices: BTreeSet<u32>) -> io::Result<()> {
        let is_known = devices.is_subset(&self.used);
        self.used = devices;
        if is_known { Ok(()) } else { self.ask_for_routes() }
    }

    /// The devices.
    #[must_use]
    pub const fn devices(&self) -> &Devices {
        &self.devices
    }

    /// The unicast routes.
    #[must_use]
    pub const fn routes(&self) -> &Routes {
        &self.routes
    }

    /// The rules that choose the family's multicast routing table.
    ///
    /// # Errors
    /// Errors of the netlink socket, and of a kernel without such rules.
    pub fn multicast_rules(&self, family: Family) -> io::Result<Vec<Rule>> {
        self.monitor.multicast_rules(family)
    }

    /// Every multicast forwarding entry of the family, of all tables.
    ///
    /// # Errors
    /// Errors of the netlink socket, and of a kernel without multicast routing.
    pub fn forwarded(&self, family: Family) -> io::Result<Vec<Forwarded>> {
        self.monitor.forwarded(family)
    }

    fn ask(&mut self) -> io::Result<()> {
        self.devices.replace(self.monitor.interfaces()?);
        self.ask_for_routes()
    }

    fn ask_for_routes(&mut self) -> io::Result<()> {
        let mut routes = self.monitor.routes(Family::V4)?;
        routes.extend(self.monitor.routes(Family::V6)?);
        self.routes.replace(routes);
        Ok(())
    }
}
