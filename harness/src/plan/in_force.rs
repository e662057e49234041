//! Which values of protocol intervals a claim uses: those in force, by the planned acts, when its
//! window begins, on the links concerned.

use std::time::Duration;

use castnet::time::Instant;

use super::arithmetic::{Moment, Part};
use super::claim::Claims;
use super::{ActId, Action, LinkId, NodeId, Role, RouterPort, Setting};
use crate::knobs::Knobs;
use crate::scenario;
use crate::scenario::expr::{Atom, Expr};

impl<'a> Claims<'a> {
    /// The IGMP parameters of a router or a switch at the beginning of the window: on the links
    /// concerned, or on all.
    pub(super) fn knobs(&self, node: NodeId) -> Vec<&'a Knobs> {
        let acts = self.timeline.iter().map(|(_, act)| act);
        let until_then = acts.take_while(|act| act.at <= self.in_force);
        let set = until_then.filter(|act| act.node == node).filter_map(|act| match &act.action {
            Action::Set(setting) => Some(setting),
            _ => None,
        });
        let router = match (&self.topology.nodes[node].role, set.last()) {
            (Role::Switch(_), Some(Setting::Switch(switch))) | (Role::Switch(switch), _) => {
                return vec![&switch.knobs.igmp];
            }
            (Role::Router(_), Some(Setting::Router(router))) | (Role::Router(router), _) => router,
            (Role::Listener(_) | Role::Source | Role::Injector(_), _) => return Vec::new(),
        };
        let topology = self.topology;
        let is_meant = |interface: &RouterPort| {
            let segment = |link: LinkId| topology.links[link].segment;
            let own = segment(topology.ports[interface.port].link);
            self.links.iter().any(|&link| segment(link) == own)
        };
        let all = || router.interfaces.iter();
        let meant: Vec<&RouterPort> = all().filter(|own| is_meant(own)).collect();
        let meant = if meant.is_empty() { all().collect() } else { meant };
        meant.into_iter().map(|interface| &interface.knobs).collect()
    }

    /// The planned time of a moment.
    pub(super) fn planned(&self, moment: &Moment) -> Duration {
        let at = |act: ActId| self.timeline.get(act).map(|(_, act)| Instant::ZERO + act.at);
        moment.instant(at).unwrap_or_default().since_start()
    }

    /// From here on intervals are those in force when the window begins; faults of the window are
    /// reported when it is read.
    pub(super) fn look_ahead(&mut self, window: &scenario::Window, routers: &[NodeId]) {
        let told = std::mem::take(self.faults);
        if let Some(after) = &window.after {
            self.moment(after, routers);
        }
        *self.faults = told;
    }

    /// The time of the sum without its intervals, which are taken at that time.
    pub(super) fn without_intervals(&self, expr: &Expr) -> Duration {
        let mut moment = Moment::start();
        for term in &expr.terms {
            match &term.atom {
                Atom::Name(name) => {
                    let act = self.acts.get(name.as_str()).map(|&act| (act, name.clone()));
                    moment.anchor = moment.anchor.or(act);
                }
                Atom::Time(duration) => {
                    let (minus, duration) = (term.minus, *duration * term.times);
                    let (is_interval, text) = (false, String::new());
                    moment.parts.push(Part { minus, duration, is_interval, text });
                }
                Atom::Number(_) => {}
            }
        }
        self.planned(&moment)
    }
}
