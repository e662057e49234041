//! How a router follows the machine: its interfaces by name, and the kernel's routes by device.
//!
//! An interface whose device vanished, was exchanged, or carried nothing for a while is down for the
//! router in between, so that it enters service anew (RFC2236-7-01). What is not configured is never
//! looked at.

use std::collections::BTreeMap;

use super::super::links::{Learned, Links, Seen};
use super::Routing;
use crate::event::Event;
use crate::mfc::vif::Vif;
use crate::router::Input;
use crate::time::Instant;

/// What a router follows, as it was last told.
#[derive(Debug, Default)]
pub(super) struct Following {
    /// The device behind each interface that is up: its index, and how many outages it had had.
    devices: BTreeMap<Vif, (u32, u64)>,
    routes: Learned,
}

impl<F: FnMut(Instant, Event)> Routing<F> {
    /// Tells the router what has changed on the machine.
    pub(in super::super) fn follow(&mut self, now: Instant, links: &Links) {
        let named = self.router.interfaces().map(|(vif, config, _)| (vif, config.name.clone()));
        let named: BTreeMap<Vif, String> = named.collect();
        self.following.devices.retain(|vif, _| named.contains_key(vif));
        for (&vif, name) in &named {
            self.follow_link(now, vif, name, links.devices().named(name));
        }
        let devices = &self.following.devices;
        let by_index = devices.iter().map(|(&vif, &(ifindex, _))| (ifindex, vif)).collect();
        let family = self.plane.family();
        let changes = self.following.routes.follow(family, links.routes(), &by_index);
        if !changes.is_empty() {
            self.turn(now, Input::Routes(changes));
        }
    }

    fn follow_link(&mut self, now: Instant, vif: Vif, name: &str, seen: Option<&Seen>) {
        let Some((_, config, was_up)) = self.router.interfaces().find(|(of, ..)| *of == vif) else {
            return;
        };
        let addresses = seen.map(Seen::addresses).unwrap_or_default();
        let has_moved = addresses != config.addresses;
        let carries = seen.filter(|seen| seen.carries());
        let behind = carries.map(|seen| (seen.device.ifindex, seen.outages));
        let is_another = self.following.devices.get(&vif) != behind.as_ref();
        let mut is_up = was_up;
        if was_up && is_another {
            // With the old device still behind it, its memberships can be ended.
            self.turn(now, Input::Link { vif, up: false, addresses: addresses.clone() });
            is_up = false;
        }
        match behind {
            Some((ifindex, _)) if is_another => self.plane.set_device(vif, ifindex, name),
            _ => {}
        }
        match behind {
            Some(behind) => _ = self.following.devices.insert(vif, behind),
            None => _ = self.following.devices.remove(&vif),
        }
        if is_up != behind.is_some() || has_moved && is_up == was_up {
            self.turn(now, Input::Link { vif, up: behind.is_some(), addresses });
        }
    }
}
