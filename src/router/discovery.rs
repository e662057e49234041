//! Multicast Router Discovery on the links of the router: where it starts and stops, and its packets.

use super::*;
use crate::mrd::{self, Advertiser};
use crate::wire::mrd::Message as Discovery;

impl Router {
    /// Starts Advertisements on a link that is up, or ends them there, as its configuration says.
    pub(super) fn take_discovery(&mut self, now: Instant, vif: Vif) {
        let Some(link) = self.links.0.get_mut(&vif) else { return };
        let wanted = link.config.discovery.filter(|_| link.up);
        if link.advertiser.as_ref().map(Advertiser::params) == wanted {
            return;
        }
        let has_ended = link.advertiser.is_some() && wanted.is_none();
        link.advertiser = wanted.map(|params| Advertiser::start(params, now, &mut self.rng));
        if has_ended {
            self.discover(vif, Discovery::Termination); // RFC 4286 section 5.1
        }
        self.listen_anew(vif);
    }

    /// Ends Advertisements on a link that goes down, or for good.
    pub(super) fn stop_discovery(&mut self, vif: Vif) {
        let link = self.links.0.get_mut(&vif);
        if link.and_then(|link| link.advertiser.take()).is_some() {
            self.discover(vif, Discovery::Termination);
        }
    }

    /// Hears a message; a Solicitation is answered.
    pub(super) fn discovery_message(&mut self, now: Instant, vif: Vif, packet: &Packet<'_>) {
        let Self { links, rng, .. } = self;
        let advertiser = links.0.get_mut(&vif).and_then(|link| link.advertiser.as_mut());
        let Some(advertiser) = advertiser else {
            return self.ignore_on(vif, Ignored::NoDiscovery);
        };
        match mrd::read(packet) {
            Ok(()) => advertiser.solicited(now, rng),
            Err(why) => self.ignore_on(vif, why),
        }
    }

    /// Sends the Advertisements that are due.
    pub(super) fn expire_discovery(&mut self, now: Instant) {
        let Self { links, rng, .. } = self;
        let mut due = Vec::new();
        for link in links.0.values_mut() {
            let Link { vif, advertiser: Some(advertiser), igmp, .. } = link else { continue };
            if advertiser.expire(now, rng) {
                let (query_interval, robustness) = igmp.as_ref().map_or((0, 0), |igmp| {
                    let (interval, robustness) =
                        (igmp.params().query_interval, igmp.params().robustness);
                    (u16::try_from(interval.as_secs()).unwrap_or(u16::MAX), robustness.into())
                });
                let interval = advertiser.params().interval;
                due.push((*vif, Discovery::Advertisement { interval, query_interval, robustness }));
            }
        }
        due.into_iter().for_each(|(vif, message)| self.discover(vif, message));
    }

    /// Sends a message of Multicast Router Discovery, if there is an address to send it from.
    fn discover(&mut self, vif: Vif, message: Discovery) {
        let own = self.interface(vif).and_then(|config| config.address(self.family));
        if let Some(own) = own {
            let packet = mrd::encode(own, message);
            self.out.push_back(Output::Send { by: Way::Link(vif), packet });
        }
    }
}
