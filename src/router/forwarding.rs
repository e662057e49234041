//! The entries of flows follow from what is wanted: after each change those that differ are written anew.

use super::*;

impl Router {
    /// The flows that have entries before their first datagram.
    pub(super) fn configured(&self) -> BTreeSet<Flow> {
        self.links.joined().into_iter().chain(self.rules.flows()).collect()
    }

    pub(super) fn wanted(&self) -> Wanted<'_> {
        let Self { links, rib, inherited, rules, pim, .. } = self;
        Wanted { links, rib, inherited, rules, pim: pim.as_ref() }
    }

    pub(super) fn refresh(&mut self, group: Group) {
        let Self { links, rib, inherited, rules, pim, .. } = self;
        let tree = Wanted { links, rib, inherited, rules, pim: pim.as_ref() };
        let changed = self.cache.refresh(group, &tree);
        self.set_all(changed);
    }

    /// Lets all entries follow the tree, and has those of configured flows in the kernel before their
    /// first datagram.
    pub(super) fn refresh_all(&mut self, now: Instant) {
        self.routes_changed(now);
        let configured = self.configured();
        let Self { links, rib, inherited, rules, pim, .. } = self;
        let tree = Wanted { links, rib, inherited, rules, pim: pim.as_ref() };
        let changed = self.cache.refresh_all(&tree);
        let new = self.cache.install(now, configured, &tree);
        self.set_all(changed);
        self.set_all(new);
    }

    pub(super) fn set_all(&mut self, entries: Vec<MfcEntry>) {
        if self.inherited.is_unsettled() {
            return;
        }
        for entry in entries {
            self.tell(Event::Forwarding(entry.clone()));
            self.standby.note(entry.flow);
            self.out.push_back(Output::Mfc(MfcOp::Set(entry)));
        }
    }
}
