//! Another configuration for a router that serves: interfaces, parameters, static joins, thresholds and
//! routes.
//!
//! The router takes a configuration as a whole or not at all. An interface is the one of the same name:
//! it keeps its number, its members and the addresses that [`Input::Link`] reported. One that the
//! configuration no longer has goes first, and a new one is down until [`Input::Link`] reports it.
//! [`Interface::configure`] decides about memberships; known flows follow the new configuration at once.

use super::config::RouteConfig;
use super::*;

impl Router {
    /// Takes the configuration, or reports why not.
    pub(super) fn configure(&mut self, now: Instant, config: Config) {
        if let Err(why) = config.check().and_then(|()| self.has_register_number(&config)) {
            return self.tell(Event::NotConfigured(why.to_string()));
        }
        self.tell(Event::Configured);
        let Config { interfaces, routes, rules, keepalive, max_flows, pim, .. } = config;
        self.cache.configure(keepalive, max_flows);
        self.take_interfaces(now, interfaces);
        self.bound_inheritance(now);
        self.take_routes(&routes);
        self.take_rules(&rules);
        self.take_pim(now, pim, keepalive);
        self.vifs().into_iter().for_each(|vif| self.configure_link(now, vif));
        self.vifs().into_iter().for_each(|vif| self.take_discovery(now, vif));
        self.report_all(now);
        self.refresh_all(now);
    }

    /// Whether the number of the register interface is free, if the configuration needs it.
    fn has_register_number(&self, config: &Config) -> Result<(), ConfigError> {
        let last = self.interface(Vif::REGISTER).filter(|_| config.pim.is_some());
        let stays = |last: &&InterfaceConfig| config.interfaces.iter().any(|i| i.name == last.name);
        match last.filter(stays) {
            Some(last) => Err(ConfigError::RegisterNumber(last.name.clone())),
            None => Ok(()),
        }
    }

    /// Removes the links that are not among the interfaces, and adds the others, each with a number that
    /// is free.
    fn take_interfaces(&mut self, now: Instant, interfaces: Vec<InterfaceConfig>) {
        for vif in self.vifs() {
            let name = self.interface(vif).map(|config| &config.name);
            if interfaces.iter().all(|given| Some(&given.name) != name) {
                self.remove_link(now, vif);
            }
        }
        for config in interfaces {
            let known = self.links.named(&config.name);
            match known.and_then(|vif| self.links.0.get_mut(&vif)) {
                Some(link) => link.take(config),
                None => {
                    let inherited = self.inherited.number(&config.name);
                    let inherited = inherited.filter(|vif| self.links.get(*vif).is_none());
                    let free = || self.links.free(|vif| self.inherited.is_taken(vif));
                    if let Some(vif) = inherited.or_else(free) {
                        self.rib.link_is(vif, false);
                        self.links.0.insert(vif, Link::absent(vif, config));
                    }
                }
            }
        }
    }

    /// Takes the configured routes, and the connected ones as they are now.
    pub(super) fn take_routes(&mut self, routes: &[RouteConfig]) {
        let by_name = |route: &RouteConfig| {
            let vif = self.vif(&route.interface)?;
            Some((route.prefix, NextHop::costing(vif, route.via, route.cost)))
        };
        self.routes = routes.iter().filter_map(by_name).collect();
        self.connect();
    }

    /// Takes the static rules.
    pub(super) fn take_rules(&mut self, rules: &[Rule<String>]) {
        self.rules = Rules::new(rules.iter().filter_map(|rule| self.numbered(rule)));
    }

    /// The rule with numbers for names; `None` if its flows come in on no interface of this router.
    fn numbered(&self, rule: &Rule<String>) -> Option<Rule<Vif>> {
        let mut ways = rule.incoming().filter_map(|name| self.vif(name));
        let (from, standby) = (ways.next()?, ways.next());
        let to = rule.to.iter().filter_map(|name| self.vif(name)).collect();
        let Rule { source, group, .. } = *rule;
        Some(Rule { from, standby, source, group, except: rule.except.clone(), to })
    }

    /// Takes the static rules for some flows, and lets what is known of them follow.
    pub(super) fn change_rules(&mut self, now: Instant, of: &Rule<String>, rules: &[Rule<String>]) {
        let rules: Vec<_> = rules.iter().filter_map(|rule| self.numbered(rule)).collect();
        let flow = of.flow();
        let is_ruled = !rules.is_empty();
        self.rules.replace(of, rules);
        let Self { links, rib, inherited, rules, pim, .. } = self;
        let tree = Wanted { links, rib, inherited, rules, pim: pim.as_ref() };
        let changed = self.cache.refresh_within(of.group, &tree);
        let is_configured = |flow| is_ruled || links.joined().contains(&flow);
        let own =
            flow.and_then(|flow| self.cache.configure_flow(now, flow, is_configured(flow), &tree));
        self.set_all(changed);
        match own {
            Some(MfcOp::Set(entry)) => self.set_all(vec![entry]),
            Some(other) => self.out.push_back(Output::Mfc(other)),
            None => {}
        }
    }

    /// Lets group management on a link follow the configuration that the link has taken.
    fn configure_link(&mut self, now: Instant, vif: Vif) {
        let Some(Link { config, igmp, up, .. }) = self.links.0.get_mut(&vif) else { return };
        let up = *up;
        let asks = config.igmp.as_ref().filter(|_| !config.upstream);
        match (igmp, asks) {
            (Some(interface), Some(params)) => {
                let mut said = VecDeque::new();
                let mut cx = Cx { now, rng: &mut self.rng, out: &mut said };
                interface.configure(&mut cx, params.clone());
                self.act_on(now, vif, said);
            }
            (Some(_), None) => self.stop_igmp(now, vif),
            (None, _) => {}
        }
        self.configure_upstream(now, vif);
        if up {
            self.readdress(now, vif);
            self.follow_pim(now, vif);
            self.listen_anew(vif);
        }
    }
}
