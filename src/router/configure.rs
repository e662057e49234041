//! Another configuration for a router that serves: parameters, static joins, thresholds and routes.
//!
//! It is taken as a whole or not at all. The interfaces stay what they are, because the data plane has
//! them. What follows for memberships is decided by [`Interface::configure`]; what flows, flows on as
//! the new configuration has it.

use super::*;

impl Router {
    /// Takes the configuration, or tells why not.
    pub(super) fn configure(&mut self, now: Instant, config: Config) {
        if let Err(why) = config.check().and_then(|()| self.check_interfaces(&config)) {
            return self.tell(Event::NotConfigured(why.to_string()));
        }
        self.tell(Event::Configured);
        self.cache.configure(routes(&config), config.keepalive);
        for (n, interface) in config.interfaces.into_iter().enumerate() {
            self.configure_link(now, n, interface);
        }
        let changed = self.cache.refresh_all(&self.links);
        self.set_all(changed);
    }

    fn check_interfaces(&self, config: &Config) -> Result<(), ConfigError> {
        let known = self.links.0.iter().map(|link| (&link.config.name, &link.config.addresses));
        let given = config.interfaces.iter().map(|own| (&own.name, &own.addresses));
        if known.eq(given) { Ok(()) } else { Err(ConfigError::OtherInterfaces) }
    }

    fn configure_link(&mut self, now: Instant, n: usize, config: InterfaceConfig) {
        let Link { vif, config: old, igmp, .. } = &mut self.links.0[n];
        let vif = *vif;
        *old = config;
        let mut said = VecDeque::new();
        match (&mut *igmp, &old.igmp) {
            (Some(interface), Some(params)) => {
                interface.configure(&Cx { now, out: &mut said }, params.clone());
            }
            (None, Some(_)) => return self.start_igmp(now, n),
            (Some(interface), None) => {
                let forgotten = interface.groups().keys().copied().map(News::NoMembers);
                said.extend(forgotten.map(Say::News));
                *igmp = None;
            }
            (None, None) => {}
        }
        self.act_on(vif, said);
    }
}

/// What is connected and what is configured, in this order.
pub(super) fn routes(config: &Config) -> Routes {
    let connected = config.interfaces.iter().enumerate().flat_map(|(n, interface)| {
        interface.addresses.iter().filter_map(move |&net| Some((net, Vif::new(n)?)))
    });
    let configured = config
        .routes
        .iter()
        .filter_map(|route| Some((route.prefix, config.vif(&route.interface)?)));
    Routes::new(connected.chain(configured))
}
