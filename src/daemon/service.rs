//! castnetd in service: its configuration, the machine, and the routers that follow both.
//!
//! Nothing needs a restart: a file with other interfaces is taken, and interfaces come, go and change as
//! they like. What keeps one from being served is said once.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant as Moment;

use super::Daemon;
use super::config::{ConfigFile, RuleList};
use super::joining::Joining;
use super::links::Links;
use super::notice::{Notice, notices};
use super::served::Served;
use crate::addr::{Family, PerFamily};
use crate::event::Event;
use crate::fixed::Rule;
use crate::kernel::Join;
use crate::mfc::vif::Vif;
use crate::router::config::ConfigError;
use crate::time::Instant;

/// How long further changes of the machine wait after some were taken in: a storm of them must not keep
/// packets waiting.
const PACE: Duration = Duration::from_millis(20);

/// The names of a router's interfaces by their numbers, for whoever puts its events into words.
#[derive(Clone, Debug, Default)]
pub struct Names(Rc<RefCell<BTreeMap<Vif, String>>>);

/// The routers with what they follow.
pub struct Service<F> {
    daemon: Daemon<F>,
    names: PerFamily<Names>,
    links: Links,
    file: ConfigFile,
    served: Served,
    joining: Joining,
    /// What has been said, and still holds.
    said: BTreeSet<Notice>,
}

impl Names {
    /// The name of the interface, or its number if it has none. The register interface of PIM has the word of
    /// RFC 7761.
    #[must_use]
    pub fn of(&self, vif: Vif) -> String {
        let other = || if vif == Vif::REGISTER { "register".to_owned() } else { vif.to_string() };
        self.0.borrow().get(&vif).cloned().unwrap_or_else(other)
    }
}

impl<F: FnMut(Instant, Event)> Service<F> {
    /// Enters service with routers that have no interfaces yet, as the file and the machine say.
    ///
    /// # Errors
    /// Errors of the netlink sockets.
    pub fn enter(
        daemon: Daemon<F>,
        names: PerFamily<Names>,
        (file, links): (ConfigFile, Links),
    ) -> io::Result<Self> {
        let (served, said) = (Served::default(), BTreeSet::new());
        let joining = Joining::default();
        let mut service = Self { daemon, names, links, file, served, joining, said };
        service.configure();
        service.follow()?;
        service.daemon.settle();
        Ok(service)
    }

    /// Serves until `until` is ready, and can go on afterwards. `say` hears what keeps an interface from
    /// being served, once.
    ///
    /// # Errors
    /// A socket can no longer be waited for.
    pub async fn run<T>(
        &mut self,
        until: impl Future<Output = T>,
        mut say: impl FnMut(&Notice),
    ) -> io::Result<T> {
        let mut until = std::pin::pin!(until);
        let mut next = Moment::now();
        loop {
            self.notice(&mut say);
            let links = &self.links;
            let changed = async {
                tokio::time::sleep_until(next).await;
                links.changed().await
            };
            let woken = async {
                tokio::select! {
                    biased;
                    ready = &mut until => Ok(Some(ready)),
                    changed = changed => changed.map(|()| None),
                }
            };
            if let Some(ready) = self.daemon.run(woken).await?? {
                return Ok(ready);
            }
            self.links.update()?;
            self.follow()?;
            next = Moment::now() + PACE;
        }
    }

    /// Takes another configuration, as a whole or not at all.
    ///
    /// # Errors
    /// The part of it that contradicts another, or that cannot change while the routers serve.
    pub fn reload(&mut self, file: ConfigFile) -> Result<(), Reload> {
        file.check()?;
        let fixed = |of: &ConfigFile| (of.table, of.families.clone(), of.user.clone());
        if fixed(&file) != fixed(&self.file) {
            return Err(Reload::Fixed);
        }
        let sockets = |of: &ConfigFile| (of.control.clone(), of.control_group.clone(), of.metrics);
        if sockets(&file) != sockets(&self.file) {
            return Err(Reload::Control);
        }
        self.file = file;
        self.links.update()?;
        self.configure();
        Ok(self.follow()?)
    }

    /// Changes the configuration in force, as a whole or not at all.
    ///
    /// # Errors
    /// What the result contradicts, in words.
    pub(super) fn amend(&mut self, change: impl FnOnce(&mut ConfigFile)) -> Result<(), String> {
        let mut file = self.file.clone();
        change(&mut file);
        self.reload(file).map_err(|why| why.to_string())
    }

    /// Changes the static rules for the flows of `of`, and nothing else: what is known of other flows is not
    /// looked at, however many rules there are. The interfaces have to be those of the file.
    pub(super) fn amend_rules(&mut self, of: Rule<String>, change: impl FnOnce(&mut RuleList)) {
        change(&mut self.file.rule);
        let served = &self.served.names;
        let rules = self
            .file
            .rule
            .for_flows(&of)
            .flat_map(|rule| self.file.expanded(rule, served))
            .collect();
        self.daemon.change_rules(of, rules);
    }

    /// The routers.
    pub const fn daemon(&self) -> &Daemon<F> {
        &self.daemon
    }

    /// The configuration in force.
    #[must_use]
    pub const fn file(&self) -> &ConfigFile {
        &self.file
    }

    /// What the machine has.
    #[must_use]
    pub const fn links(&self) -> &Links {
        &self.links
    }

    /// What keeps an interface from being served now.
    #[must_use]
    pub fn notices(&self) -> BTreeSet<Notice> {
        let mut notices = notices(&self.file, &self.served, &self.links);
        notices.extend(self.joining.refused().cloned().map(Notice::NotJoined));
        notices
    }

    /// The groups that the machine itself has joined.
    pub(super) fn joined(&self) -> impl Iterator<Item = &Join> {
        self.joining.all()
    }

    /// Has the routers forget all flows.
    pub fn flush(&mut self) {
        self.daemon.flush();
    }

    /// Has the routers say on their links that they forward no more.
    pub fn end(&mut self) {
        self.daemon.end();
    }

    /// Has the routers forget the flows that the kernel has asked for.
    pub(super) fn flush_learned(&mut self) {
        self.daemon.flush_learned();
    }

    /// The names of the family's interfaces.
    #[must_use]
    pub fn names(&self, family: Family) -> Names {
        self.names.of(family).clone()
    }

    /// The interfaces that are served.
    #[must_use]
    pub const fn served(&self) -> &Served {
        &self.served
    }

    /// Hands the configuration to the routers, for the interfaces that are to be served now.
    fn configure(&mut self) {
        self.served = Served::choose(&self.file, self.links.devices(), &self.served);
        // The file has been checked, and Served is within the limits.
        let Ok(routers) = self.file.routers(&self.served.names) else { return };
        for config in [routers.v4, routers.v6].into_iter().flatten() {
            let family = config.family;
            self.daemon.configure(config);
            let router = self.daemon.router(family);
            let interfaces = router.into_iter().flat_map(|router| router.interfaces());
            *self.names.of(family).0.borrow_mut() =
                interfaces.map(|(vif, config, _)| (vif, config.name.clone())).collect();
        }
    }

    /// Follows the machine as it is now.
    fn follow(&mut self) -> io::Result<()> {
        if Served::choose(&self.file, self.links.devices(), &self.served) != self.served {
            self.configure();
        }
        let devices = self.links.devices();
        let used = self.served.names.iter().filter_map(|name| devices.named(name));
        let used = used.map(|seen| seen.device.ifindex).collect();
        self.links.use_only(used)?;
        self.daemon.follow(&self.links);
        self.joining.follow(&self.file, self.links.devices());
        Ok(())
    }

    fn notice(&mut self, say: &mut impl FnMut(&Notice)) {
        let now = self.notices();
        now.difference(&self.said).for_each(say);
        self.said = now;
    }
}

/// Why another configuration is not taken.
#[derive(Debug, thiserror::Error)]
pub enum Reload {
    /// It contradicts itself.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The sockets are those of the families and the table at the start, and so is the user.
    #[error("families, the table and the user cannot change while the router serves")]
    Fixed,
    /// The control socket and the port of metrics are those of the start.
    #[error("the control socket, its group and metrics cannot change while the router serves")]
    Control,
    /// The machine cannot be looked at.
    #[error(transparent)]
    Links(#[from] io::Error),
}
