//! Which acts make a listener want datagrams, and which end that.

use std::net::IpAddr;

use castnet::addr::Group;

use super::{Action, PortId};

impl Action {
    /// Whether the group is wanted on the interface once this is done, from any of these sources if
    /// some are named; `None` if the act is about another membership.
    #[must_use]
    pub fn wants(&self, port: PortId, group: Group, sources: Option<&[IpAddr]>) -> Option<bool> {
        match self {
            Self::Join(at, of, filter) if (*at, *of) == (port, group) => Some(
                sources.is_none_or(|sources| sources.iter().any(|&source| filter.wants(source))),
            ),
            Self::Leave(at, of) if (*at, *of) == (port, group) => Some(false),
            _ => None,
        }
    }
}
