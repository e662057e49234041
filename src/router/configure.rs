//! Another configuration for a router that serves: parameters, static joins, thresholds and routes.
//!
//! The router takes a configuration as a whole or not at all. The interfaces stay, because the data
//! plane has them. [`Interface::configure`] decides about memberships; known flows follow the new
//! configuration at once.

use super::*;

impl Router {
    /// Takes the configuration, or reports why not.
    pub(super) fn configure(&mut self, now: Instant, config: Config) {
        if let Err(why) = config.check().and_then(|()| self.check_interfaces(&config)) {
            return self.tell(Event::NotConfigured(why.to_string()));
        }
        self.tell(Event::Configured);
        self.cache.configure(config.keepalive);
        self.routes = config.resolved_routes();
        self.connect();
        for (n, interface) in config.interfaces.into_iter().enumerate() {
            self.configure_link(now, n, interface);
        }
        self.refresh_all();
    }

    fn check_interfaces(&self, config: &Config) -> Result<(), ConfigError> {
        let known = self.links.0.iter().map(|link| (&link.config.name, &link.config.addresses));
        let given = config.interfaces.iter().map(|own| (&own.name, &own.addresses));
        if known.eq(given) { Ok(()) } else { Err(ConfigError::OtherInterfaces) }
    }

    fn configure_link(&mut self, now: Instant, n: usize, config: InterfaceConfig) {
        let Link { vif, config: old, igmp, up, .. } = &mut self.links.0[n];
        let vif = *vif;
        *old = config;
        match (igmp, &old.igmp) {
            (Some(interface), Some(params)) => {
                let mut said = VecDeque::new();
                let cx = Cx { now, rng: &mut self.rng, out: &mut said };
                interface.configure(&cx, params.clone());
                self.act_on(vif, said);
            }
            (None, Some(_)) if *up => self.start_igmp(now, n),
            (Some(_), None) => self.stop_igmp(n),
            (None, _) => {}
        }
    }
}
