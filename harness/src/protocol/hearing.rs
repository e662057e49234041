//! What one port has heard of its members and of other queriers, message by message.

use std::collections::BTreeMap;

use castnet::addr::Group;
use castnet::gmp::message::{Form, Message, Version};
use castnet::time::Instant;

use super::delivery::{Envelope, is_beyond_doubt};
use super::wish::wanted;

/// The messages that a port has heard.
#[derive(Debug, Default)]
pub struct Hearing {
    groups: BTreeMap<Group, GroupHearing>,
    /// Another router sends Queries too, and may be the one that must act on Leaves.
    has_other_queriers: bool,
}

/// The messages about one group that a port has heard.
#[derive(Clone, Copy, Debug, Default)]
pub struct GroupHearing {
    /// The last Report of a member of the group.
    pub reported: Option<Instant>,
    /// The first Leave after that Report on which the port's router had to send Queries.
    pub has_to_ask: Option<Instant>,
    /// The last Leave after that Report, whether or not a router had to act on it.
    pub left: Option<Instant>,
    /// Version 1 members make Leaves void, and their end is not known.
    has_v1_members: bool,
}

impl Hearing {
    /// What the port has heard of the group so far.
    #[must_use]
    pub fn of(&self, group: Group) -> GroupHearing {
        self.groups.get(&group).copied().unwrap_or_default()
    }

    /// Hears a message. `acts_on_leaves` is whether the router of the port acts on Leaves at all:
    /// in version 1 mode it ignores them (RFC2236-4-09).
    pub fn hear(
        &mut self,
        at: Instant,
        message: &Message,
        envelope: &Envelope,
        acts_on_leaves: bool,
    ) {
        match message {
            _ if message.form() == Some(Form::Query) => {
                self.has_other_queriers = true;
                self.groups.values_mut().for_each(|heard| heard.has_to_ask = None);
            }
            Message::Report(report) if report.is_leave() => {
                let obliges = acts_on_leaves
                    && is_beyond_doubt(message, envelope)
                    && !self.has_other_queriers;
                for group in message.groups() {
                    let Some(heard) = self.groups.get_mut(&group) else { continue };
                    heard.left = Some(at);
                    if obliges && !heard.has_v1_members {
                        // RFC2236-7-10: another Leave while this one is checked changes nothing.
                        heard.has_to_ask.get_or_insert(at);
                    }
                }
            }
            Message::Report(report) => {
                for group in wanted(report) {
                    let heard = self.groups.entry(group).or_default();
                    let has_v1_members = heard.has_v1_members || report.version == Version::V1;
                    *heard =
                        GroupHearing { reported: Some(at), has_v1_members, ..Default::default() };
                }
            }
            _ => {}
        }
    }
}
