//! Carries out the commands: each one is a call of the kernel's multicast routing, or shows what is there.

mod look;

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};
use std::net::IpAddr;
use std::os::fd::AsFd as _;
use std::time::Duration;

use castnet::addr::{Family, Group, Source};
use castnet::kernel::{
    Clock, Flush, Join, Joined, MAX_PACKET, MrouteError, RoutingSocket, vif_rows,
};
use castnet::mfc::entry::{Flow, FlowCounters, MfcEntry, VifCounters};
use castnet::mfc::vif::Vif;
use look::{index_name, next};
use nix::net::if_::{if_nameindex, if_nametoindex};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::super::output::{is_read, say};
use super::super::{Failure, UNSUPPORTED};
use super::calls::Calls;
use super::refused;
use super::words::{MemberVerb, MfcVerb, Part, Verb, VifVerb};

pub(super) struct Shell {
    pub(super) family: Family,
    pub(super) table: Option<u32>,
    /// Whether calls are printed.
    shows: bool,
    /// The owner of the table, from the first command on that needs it.
    socket: Option<RoutingSocket>,
    vifs: BTreeMap<Vif, String>,
    joined: Joined,
}

impl Shell {
    pub(super) fn new(family: Family, table: Option<u32>, shows: bool) -> Self {
        let (vifs, joined) = (BTreeMap::new(), Joined::default());
        Self { family, table, shows, socket: None, vifs, joined }
    }

    /// The names of the devices.
    pub(super) fn interfaces() -> Vec<String> {
        let all = if_nameindex().into_iter().flat_map(|all| {
            all.iter().map(|one| one.name().to_string_lossy().into_owned()).collect::<Vec<_>>()
        });
        all.collect()
    }

    pub(super) fn obey(&mut self, verb: Verb) -> Result<(), Failure> {
        match verb {
            Verb::Vif { verb } => self.vif(verb),
            Verb::Mfc { verb } => self.mfc(verb),
            Verb::Member { verb } => self.member(verb),
            Verb::Upcalls { count, time } => self.upcalls(count, time),
            Verb::Pim { switch } => {
                let done = self.socket()?.set_pim(switch.into());
                self.called(&self.calls().pim(switch.into()), done)
            }
            Verb::Assert { switch } => {
                let done = self.socket()?.set_assert(switch.into());
                self.called(&self.calls().assert(switch.into()), done)
            }
            Verb::Flush { parts } => self.flush(&parts),
            Verb::Tables => self.tables(),
            Verb::Status => self.status(),
            Verb::Decode { hex } => self.decode(&hex.concat()),
            Verb::Done => match self.socket.take() {
                Some(socket) => {
                    self.vifs.clear();
                    self.called(&self.calls().done(), socket.done())
                }
                None => Err(refused("no table is owned")),
            },
            Verb::Bye => Ok(()),
        }
    }

    const fn calls(&self) -> Calls {
        Calls(self.family)
    }

    /// Prints a call and its result, if calls are shown.
    fn called<T>(&self, call: &str, result: Result<T, impl Display>) -> Result<T, Failure> {
        if self.shows {
            match &result {
                Ok(_) => say(&format!("{call} = 0\n")),
                Err(why) => say(&format!("{call} = -1: {why}\n")),
            }
        }
        result.map_err(refused)
    }

    /// The owner of the table, which it becomes with the first call.
    fn socket(&mut self) -> Result<&mut RoutingSocket, Failure> {
        if self.socket.is_none() {
            let opened = RoutingSocket::open(self.family, self.table);
            if self.shows {
                let calls = self.calls();
                let table = self.table.map(|table| calls.table(table));
                let all = [calls.socket()].into_iter().chain(table);
                all.for_each(|call| say(&format!("{call}\n")));
            }
            let code = match &opened {
                Err(MrouteError::NoPermission { .. } | MrouteError::NotSupported { .. }) => {
                    UNSUPPORTED
                }
                _ => super::FAILED,
            };
            let opened = self.called(&self.calls().init(), opened);
            self.socket = Some(opened.map_err(|why| Failure { code, ..why })?);
            if self.shows {
                say(&format!("{} = 0\n", self.calls().assert(true)));
            }
        }
        self.socket.as_mut().ok_or_else(|| refused("no table is owned"))
    }

    fn vif(&mut self, verb: VifVerb) -> Result<(), Failure> {
        match verb {
            VifVerb::Add { interface, number, threshold } => {
                let ifindex = device(&interface)?;
                let vif = match number {
                    Some(number) => Vif::try_from(number).map_err(Failure::usage)?,
                    None => {
                        let mut all = (0..).map_while(Vif::new);
                        let free = all.find(|vif| !self.vifs.contains_key(vif));
                        free.ok_or_else(|| refused("all 32 numbers are taken"))?
                    }
                };
                let added = self.socket()?.add_vif(vif, ifindex, threshold);
                self.called(&self.calls().add_vif(vif, ifindex, threshold), added)?;
                self.vifs.insert(vif, interface);
                Ok(())
            }
            VifVerb::Del { vif } => {
                let vif = self.number(&vif)?;
                let deleted = self.socket()?.delete_vif(vif);
                let was_there = self.called(&self.calls().delete_vif(vif), deleted)?;
                self.vifs.remove(&vif);
                if was_there { Ok(()) } else { Err(refused(format!("there is no {vif}"))) }
            }
            VifVerb::List => {
                let mut text = "VIF  INTERFACE\n".to_owned();
                for (vif, name) in self.known_vifs() {
                    _ = writeln!(text, "{:<3}  {name}", vif.index());
                }
                say(&text);
                Ok(())
            }
            VifVerb::Stats { vif } => {
                let meant = match vif {
                    Some(vif) => vec![self.number(&vif)?],
                    None => self.known_vifs().into_keys().collect(),
                };
                meant.into_iter().try_for_each(|vif| self.vif_stats(vif))
            }
        }
    }

    fn vif_stats(&mut self, vif: Vif) -> Result<(), Failure> {
        let counted = self.socket()?.vif_counters(vif);
        let counted = self.called(&self.calls().vif_counters(vif), counted)?;
        let Some(counters) = counted else {
            return Err(refused(format!("there is no {vif}")));
        };
        let VifCounters { packets_in, packets_out, bytes_in, bytes_out } = counters;
        let name = self.name(vif);
        say(&format!(
            "{name}: {packets_in} packets in, {bytes_in} bytes; {packets_out} out, {bytes_out} bytes\n"
        ));
        Ok(())
    }

    /// The virtual interfaces of this shell, or those of the default table whoever owns it.
    fn known_vifs(&self) -> BTreeMap<Vif, String> {
        if self.socket.is_some() || self.table.is_some() {
            return self.vifs.clone();
        }
        let rows = vif_rows(self.family).unwrap_or_default();
        rows.into_iter().map(|row| (row.vif, row.name)).collect()
    }

    pub(super) fn name(&self, vif: Vif) -> String {
        self.known_vifs().remove(&vif).unwrap_or_else(|| vif.to_string())
    }

    /// The virtual interface of a device, or of a number.
    fn number(&self, text: &str) -> Result<Vif, Failure> {
        let known = self.known_vifs();
        let named = known.iter().find(|(_, name)| *name == text).map(|(vif, _)| *vif);
        let numbered = || text.parse().ok().and_then(Vif::new);
        named.or_else(numbered).ok_or_else(|| {
            Failure::usage(format!(
                "{text} is neither a device that takes part nor a number below 32"
            ))
        })
    }

    fn mfc(&mut self, verb: MfcVerb) -> Result<(), Failure> {
        match verb {
            MfcVerb::Add { source, group, vif, vifs } => {
                let (flow, iif) = (self.flow(source, group)?, self.number(&vif)?);
                let oifs = vifs.iter().map(|oif| self.oif(oif)).collect::<Result<_, _>>()?;
                let entry = MfcEntry { flow, iif, oifs };
                let added = self.socket()?.add_mfc(&entry);
                self.called(&self.calls().add_mfc(&entry), added)
            }
            MfcVerb::Del { source, group } => {
                let flow = self.flow(source, group)?;
                let deleted = self.socket()?.delete_mfc(flow);
                match self.called(&self.calls().delete_mfc(flow), deleted)? {
                    true => Ok(()),
                    false => Err(refused(format!("there is no entry for {flow}"))),
                }
            }
            MfcVerb::List => self.entries(),
            MfcVerb::Stats { source, group } => {
                let flow = self.flow(source, group)?;
                let counted = self.socket()?.flow_counters(flow);
                let counted = self.called(&self.calls().flow_counters(flow), counted)?;
                let Some(FlowCounters { packets, bytes, wrong_if }) = counted else {
                    return Err(refused(format!("there is no entry for {flow}")));
                };
                say(&format!(
                    "{flow}: {packets} packets, {bytes} bytes, {wrong_if} on a wrong interface\n"
                ));
                Ok(())
            }
        }
    }

    fn oif(&self, text: &str) -> Result<(Vif, u8), Failure> {
        // The name of a device may hold a colon, and then no threshold.
        if let Ok(vif) = self.number(text) {
            return Ok((vif, 1));
        }
        let parts = text.rsplit_once(':');
        let parsed = parts.and_then(|(vif, ttl)| Some((self.number(vif).ok()?, ttl.parse().ok()?)));
        parsed.ok_or_else(|| {
            Failure::usage(format!("{text} is no device that takes part, nor DEVICE:THRESHOLD"))
        })
    }

    fn flow(&self, source: IpAddr, group: IpAddr) -> Result<Flow, Failure> {
        let source = Source::try_from(source).map_err(Failure::usage)?;
        let group = Group::try_from(group).map_err(Failure::usage)?;
        for family in [Family::of(source.addr()), group.family()] {
            if family != self.family {
                let other = if family == Family::V6 { "with -6" } else { "without -6" };
                return Err(Failure::usage(format!("({source}, {group}) is routed {other}")));
            }
        }
        Ok(Flow { source, group })
    }

    fn member(&mut self, verb: MemberVerb) -> Result<(), Failure> {
        let (interface, group, sources, joins) = match verb {
            MemberVerb::Add { interface, group, sources } => (interface, group, sources, true),
            MemberVerb::Drop { interface, group, sources } => (interface, group, sources, false),
            MemberVerb::List => {
                let mut text = "INTERFACE  GROUP  SOURCE\n".to_owned();
                for Join { ifindex, source, group } in self.joined.all() {
                    let source =
                        source.map_or_else(|| "any".to_owned(), |source| source.to_string());
                    _ = writeln!(text, "{}  {group}  {source}", index_name(*ifindex));
                }
                say(&text);
                return Ok(());
            }
        };
        let ifindex = device(&interface)?;
        let group = Group::try_from(group).map_err(Failure::usage)?.addr();
        let sources: Vec<Option<IpAddr>> = match sources.is_empty() {
            true => vec![None],
            false => sources.into_iter().map(Some).collect(),
        };
        for source in sources {
            if source.is_some_and(|source| Family::of(source) != Family::of(group)) {
                return Err(Failure::usage("source and group are of two address families"));
            }
            let join = Join { ifindex, source, group };
            let is_there = self.joined.all().any(|known| *known == join);
            let done = match joins {
                true => self.joined.join(join).map_err(|why| why.to_string()),
                false if is_there => {
                    self.joined.leave(&join);
                    Ok(())
                }
                false => Err(format!("{group} was not joined so on {interface}")),
            };
            let calls = Calls(Family::of(group));
            self.called(&calls.member(joins, ifindex, group, source), done)?;
        }
        Ok(())
    }

    fn upcalls(&mut self, count: Option<u64>, time: Duration) -> Result<(), Failure> {
        let clock = Clock::start();
        let until = clock.now() + time;
        let mut buffer = vec![0; MAX_PACKET];
        let mut left = count;
        let names = self.known_vifs();
        let socket = self.socket()?;
        while left != Some(0) {
            let Some(text) = next(socket, &mut buffer, &names).map_err(refused)? else {
                let wait = until.since(clock.now());
                if wait.is_zero() {
                    break;
                }
                let timeout = PollTimeout::try_from(wait + Duration::from_millis(1));
                let mut fds = [PollFd::new(socket.as_fd(), PollFlags::POLLIN)];
                poll(&mut fds, timeout.unwrap_or(PollTimeout::MAX)).map_err(refused)?;
                continue;
            };
            if !is_read(&text) {
                break;
            }
            left = left.map(|left| left - 1);
        }
        Ok(())
    }

    fn flush(&mut self, parts: &[Part]) -> Result<(), Failure> {
        let is_meant = |part| parts.is_empty() || parts.contains(&part);
        let flush = Flush {
            entries: is_meant(Part::Entries),
            static_entries: is_meant(Part::StaticEntries),
            vifs: is_meant(Part::Vifs),
            static_vifs: is_meant(Part::StaticVifs),
        };
        let flushed = self.socket()?.flush(flush);
        self.called(&self.calls().flush(flush), flushed)?;
        if flush.vifs {
            self.vifs.clear();
        }
        Ok(())
    }

    fn status(&mut self) -> Result<(), Failure> {
        let read = self.socket()?.version();
        let version = self.called(&self.calls().version(), read)?;
        let table =
            self.table.map_or_else(|| "the default table".to_owned(), |t| format!("table {t}"));
        let (vifs, joined) = (self.vifs.len(), self.joined.all().count());
        say(&format!(
            "{} multicast routing {version:#06x}, {table}: {vifs} virtual interfaces, {joined} memberships\n",
            self.family
        ));
        Ok(())
    }
}

fn device(name: &str) -> Result<u32, Failure> {
    if_nametoindex(name).map_err(|_| Failure::usage(format!("there is no device {name}")))
}
