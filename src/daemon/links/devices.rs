//! The machine's devices and their addresses, as they follow from the kernel's reports.
//!
//! Everything goes by index: a device may be renamed, and the label of an address is the name of no
//! device. Nothing is decided here, and no report is refused.

use std::collections::BTreeMap;

use ipnet::IpNet;

use crate::kernel::{Address, Device, Report};

/// All devices of the network namespace.
#[derive(Clone, Debug, Default)]
pub struct Devices(BTreeMap<u32, Seen>);

/// A device, and what was seen of it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The device as it was last reported.
    pub device: Device,
    /// How often it was seen to stop carrying packets: who looks seldom learns of a short outage.
    pub outages: u64,
    addresses: Vec<Address>,
}

impl Devices {
    /// Takes a report of a device or an address; others change nothing. Returns the index of the device
    /// that it is about.
    pub fn apply(&mut self, report: Report) -> Option<u32> {
        match report {
            Report::Device(device) => {
                let ifindex = device.ifindex;
                match self.0.get_mut(&ifindex) {
                    Some(seen) => seen.is_now(device),
                    None => _ = self.0.insert(ifindex, Seen::new(device)),
                }
                Some(ifindex)
            }
            Report::DeviceGone(ifindex) => self.0.remove(&ifindex).map(|_| ifindex),
            Report::Address(address) => {
                let seen = self.0.get_mut(&address.ifindex)?;
                match seen.addresses.iter_mut().find(|known| known.is_same(&address)) {
                    Some(known) => *known = address,
                    None => seen.addresses.push(address),
                }
                Some(seen.device.ifindex)
            }
            Report::AddressGone(address) => {
                let seen = self.0.get_mut(&address.ifindex)?;
                seen.addresses.retain(|known| !known.is_same(&address));
                Some(seen.device.ifindex)
            }
            _ => None,
        }
    }

    /// Takes the state of the machine as a whole. A device that is still there keeps its outages.
    pub fn replace(&mut self, reports: Vec<Report>) {
        let before = std::mem::take(self);
        for report in reports {
            self.apply(report);
        }
        for (ifindex, seen) in &mut self.0 {
            seen.outages = before.0.get(ifindex).map_or(0, |before| before.outages);
        }
    }

    /// The device with this name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Seen> {
        self.0.values().find(|seen| seen.device.name == name)
    }

    /// The name of the device with this index.
    #[must_use]
    pub fn name(&self, ifindex: u32) -> Option<&str> {
        self.0.get(&ifindex).map(|seen| seen.device.name.as_str())
    }

    /// The names of all devices, in the order of their indexes.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.values().map(|seen| seen.device.name.as_str())
    }
}

impl Seen {
    const fn new(device: Device) -> Self {
        Self { device, outages: 0, addresses: Vec::new() }
    }

    fn is_now(&mut self, device: Device) {
        let before = std::mem::replace(&mut self.device, device);
        let has_lost = before.carrier_losses != self.device.carrier_losses;
        if carries(&before) && (has_lost || !carries(&self.device)) {
            self.outages += 1;
        }
    }

    /// Whether multicast can be routed over it now.
    #[must_use]
    pub fn carries(&self) -> bool {
        carries(&self.device)
    }

    /// Its usable addresses with their networks: its own ones, primary ones first, and then the other
    /// ends of point-to-point links.
    #[must_use]
    pub fn addresses(&self) -> Vec<IpNet> {
        let usable = |secondary| {
            let all = self.addresses.iter().filter(|address| address.is_usable);
            all.filter(move |address| address.is_secondary == secondary)
        };
        let own = usable(false).chain(usable(true));
        own.clone().map(|address| address.own).chain(own.filter_map(|a| a.peer)).collect()
    }
}

/// A link without the MULTICAST flag is for unicast only, as a tunnel is until it gets the flag.
fn carries(device: &Device) -> bool {
    device.is_up && device.is_running && device.is_multicast
}

#[cfg(test)]
mod tests;
