//! What sockets do to the groups of an interface: they join, name other sources, and leave
//! (`____ip_mc_inc_group`, `ip_mc_msfilter`, `ip_mc_leave_group` and their sisters for IPv6).
//!
//! The caller keeps what each socket wants, as the kernel keeps it at the socket.

use castnet::rng::Rng;
use castnet::time::Instant;
use castnet::wire::igmp::Version;

use super::filter::{Effect, Filter, Wish};
use super::{Host, HostInet, HostOut, Member};

impl<A: HostInet> Host<A> {
    /// A socket joins all sources of the group.
    pub fn join(&mut self, now: Instant, group: A, rng: &mut Rng, out: &mut Vec<HostOut<A>>) {
        let all = Wish { excluded: true, sources: Vec::new() };
        self.join_as(now, group, &all, rng, out);
    }

    /// A socket that wanted all sources of the group leaves it; a group without sockets stays as it is.
    pub fn leave(&mut self, now: Instant, group: A, out: &mut Vec<HostOut<A>>) {
        let all = Wish { excluded: true, sources: Vec::new() };
        self.leave_as(now, group, &all, out);
    }

    /// A socket that is no member wants these sources: it joins the group or one source, and then names
    /// all of them.
    pub fn listen(
        &mut self,
        now: Instant,
        group: A,
        wish: &Wish<A>,
        rng: &mut Rng,
        out: &mut Vec<HostOut<A>>,
    ) {
        let most = if wish.excluded { 0 } else { 1 };
        let sources: Vec<A> = wish.sources.iter().copied().take(most).collect();
        let first = Wish { excluded: wish.excluded, sources };
        self.join_as(now, group, &first, rng, out);
        if first != *wish {
            self.change(now, group, &first, wish);
        }
    }

    /// A socket that wants the first wants the second from now on (`MCAST_MSFILTER`).
    pub fn change(&mut self, now: Instant, group: A, before: &Wish<A>, after: &Wish<A>) {
        let (robustness, in_v3) = (self.robustness, self.version(now) == Version::V3);
        let Some(at) = self.position(group) else { return };
        let filter = self.members[at].named();
        let added = filter.add(after, false, robustness);
        self.follow(now, at, added);
        let removed = self.members[at].named().remove(before, robustness, in_v3);
        self.follow(now, at, removed);
    }

    /// A socket that wanted this leaves the group.
    pub fn leave_as(&mut self, now: Instant, group: A, wish: &Wish<A>, out: &mut Vec<HostOut<A>>) {
        let (robustness, in_v3) = (self.robustness, self.version(now) == Version::V3);
        let Some(at) = self.position(group) else { return };
        if let Some(filter) = &mut self.members[at].filter {
            let effect = filter.remove(wish, robustness, in_v3);
            self.follow(now, at, effect);
        }
        self.members[at].sockets -= 1;
        if self.members[at].sockets == 0 {
            self.dropped(now, at, out);
            self.members.remove(at);
        }
    }

    /// A socket joins the group, or one source of it.
    fn join_as(
        &mut self,
        now: Instant,
        group: A,
        wish: &Wish<A>,
        rng: &mut Rng,
        out: &mut Vec<HostOut<A>>,
    ) {
        let robustness = self.robustness;
        let is_new = self.position(group).is_none();
        if is_new {
            let mut member = Member::new(group);
            member.filter = (!wish.excluded).then(|| Box::new(Filter::including()));
            self.members.push(member);
            self.added(now, self.members.len() - 1, rng, out);
        }
        let Some(at) = self.position(group) else { return };
        if !is_new {
            let effect = match &mut self.members[at] {
                // Another socket that wants all sources changes nothing.
                Member { filter: None, .. } if wish.excluded => Effect::Nothing,
                member => {
                    let mode = Wish { excluded: wish.excluded, sources: Vec::new() };
                    member.named().add(&mode, false, robustness)
                }
            };
            self.members[at].sockets = self.members[at].sockets.saturating_add(1);
            self.follow(now, at, effect);
        }
        if !wish.sources.is_empty() {
            let effect = self.members[at].named().add(wish, true, robustness);
            self.follow(now, at, effect);
        }
    }

    fn position(&self, group: A) -> Option<usize> {
        self.members.iter().position(|member| member.group == group)
    }

    /// Schedules the Reports of a change (`igmp_ifc_event`).
    fn follow(&mut self, now: Instant, at: usize, effect: Effect) {
        if effect == Effect::Mode {
            self.members[at].untold = self.robustness;
        }
        let is_reported = self.members[at].group.is_reported();
        if effect != Effect::Nothing && is_reported && self.version(now) == Version::V3 {
            self.changed(now);
        }
    }
}

impl<A: HostInet> Member<A> {
    /// Its sources, which a socket is about to name.
    fn named(&mut self) -> &mut Filter<A> {
        self.filter.get_or_insert_with(|| Box::new(Filter::plain(self.sockets.into())))
    }
}
