//! Another configuration for a router that serves: parameters, static joins, thresholds and routes.
//!
//! The router takes a configuration as a whole or not at all. The interfaces stay, because the data
//! plane has them, and an address that [`Input::Link`] reported stays too. [`Interface::configure`]
//! decides about memberships; known flows follow the new configuration at once.

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
        for (link, config) in self.links.0.iter_mut().zip(config.interfaces) {
            link.take(config);
        }
        self.connect();
        (0..self.links.0.len()).for_each(|n| self.configure_link(now, n));
        self.refresh_all();
    }

    fn check_interfaces(&self, config: &Config) -> Result<(), ConfigError> {
        let known = self.links.0.iter().map(|link| &link.config.name);
        let given = config.interfaces.iter().map(|given| &given.name);
        if known.eq(given) { Ok(()) } else { Err(ConfigError::OtherInterfaces) }
    }

    /// Lets group management on a link follow the configuration that the link has taken.
    fn configure_link(&mut self, now: Instant, n: usize) {
        let Link { vif, config, igmp, up, .. } = &mut self.links.0[n];
        let (vif, up) = (*vif, *up);
        match (igmp, &config.igmp) {
            (Some(interface), Some(params)) => {
                let mut said = VecDeque::new();
                let cx = Cx { now, rng: &mut self.rng, out: &mut said };
                interface.configure(&cx, params.clone());
                let heard = heard_groups(self.family, params.version);
                self.act_on(vif, said);
                self.listen(n, &heard);
            }
            (Some(_), None) => self.stop_igmp(n),
            (None, _) => {}
        }
        if up {
            self.readdress(now, n);
        }
    }
}
