//! Why the kernel refused to route multicast, with a remedy.
//!
//! Causes that an operator can remove have a variant each; the others name the call that failed.

use std::io;
use std::net::IpAddr;

use nix::errno::Errno;

use crate::addr::Family;
use crate::mfc::vif::Vif;

/// Why a call that controls multicast routing failed.
#[derive(Debug, thiserror::Error)]
pub enum MrouteError {
    /// A table has one owner in its network namespace, and another process is it.
    #[error(
        "another process owns multicast routing in table {table} of this network namespace \
         ({call}: EADDRINUSE)"
    )]
    AlreadyOwned {
        /// The table, the family's default one unless another was asked for.
        table: u32,
        /// The call that was refused.
        call: &'static str,
    },
    /// A capability is missing (`EPERM`, `EACCES`).
    #[error("no permission for multicast routing: {call} needs CAP_NET_ADMIN and CAP_NET_RAW")]
    NoPermission {
        /// The call that was refused.
        call: &'static str,
    },
    /// The kernel was built without what the call needs (`ENOPROTOOPT`, `EOPNOTSUPP`,
    /// `EAFNOSUPPORT`).
    #[error(
        "the kernel does not know {call}: multicast routing needs CONFIG_IP_MROUTE or \
         CONFIG_IPV6_MROUTE, and a table other than the default one CONFIG_IP_MROUTE_MULTIPLE_TABLES \
         or CONFIG_IPV6_MROUTE_MULTIPLE_TABLES"
    )]
    NotSupported {
        /// The call that was refused.
        call: &'static str,
    },
    /// No device of the socket's network namespace has this index and takes part in the family.
    #[error("no {family} interface has index {ifindex} in this network namespace")]
    NoSuchInterface {
        /// The index that was asked for.
        ifindex: u32,
        /// The family that is routed.
        family: Family,
    },
    /// The number belongs to another device.
    #[error("{vif} is in use")]
    VifInUse {
        /// The number.
        vif: Vif,
    },
    /// The device has a virtual interface already. The kernel would accept a second one, and name
    /// the wrong one of the two in its upcalls.
    #[error("the interface with index {ifindex} is {vif} already")]
    DeviceInUse {
        /// The device's index.
        ifindex: u32,
        /// The virtual interface that it is.
        vif: Vif,
    },
    /// An address of the family that is not routed.
    #[error("{addr} is not an {family} address")]
    OtherFamily {
        /// The address.
        addr: IpAddr,
        /// The family that is routed.
        family: Family,
    },
    /// The kernel forwards IPv6 without TTL thresholds: every hop limit above 1 leaves.
    #[error("{vif} with threshold {threshold}: the kernel knows no thresholds of IPv6")]
    NoThresholds {
        /// The outgoing interface.
        vif: Vif,
        /// Its threshold in the entry.
        threshold: u8,
    },
    /// The socket has as many group memberships as it may have.
    #[error("too many group memberships on one socket ({call}): raise the sysctl {sysctl}")]
    TooManyMemberships {
        /// The call that was refused, and the kernel's error.
        call: &'static str,
        /// The limit.
        sysctl: &'static str,
    },
    /// Any other failure.
    #[error("{call}: {why}")]
    Io {
        /// The call that failed, by its name in the kernel's headers.
        call: &'static str,
        /// The kernel's error. It is a part of the words, and so no source of its own.
        why: io::Error,
    },
}

impl MrouteError {
    /// The meaning of `errno` for any call; a caller with a better one checks first.
    pub(super) fn of(call: &'static str, errno: Errno) -> Self {
        match errno {
            Errno::EPERM | Errno::EACCES => Self::NoPermission { call },
            Errno::ENOPROTOOPT | Errno::EOPNOTSUPP | Errno::EAFNOSUPPORT => {
                Self::NotSupported { call }
            }
            other => Self::Io { call, why: other.into() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_says_what_to_do_about_it() {
        let told = |errno| MrouteError::of("MRT_INIT", errno).to_string();
        let capabilities = "no permission for multicast routing: MRT_INIT needs CAP_NET_ADMIN and \
                            CAP_NET_RAW";
        assert_eq!([Errno::EPERM, Errno::EACCES].map(told), [capabilities, capabilities]);
        for errno in [Errno::ENOPROTOOPT, Errno::EOPNOTSUPP, Errno::EAFNOSUPPORT] {
            assert!(told(errno).contains("CONFIG_IP_MROUTE"), "{}", told(errno));
        }
        assert_eq!(told(Errno::ENOMEM), "MRT_INIT: Cannot allocate memory (os error 12)");
    }
}
