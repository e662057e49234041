//! What the kernel speaks in a namespace: the sysctls that it has before its first interface appears.
//!
//! A namespace speaks one family. IPv4 alone sends nothing unasked, because IPv6 is off. With IPv6
//! the kernel asks no router for addresses, takes none by itself and checks none for duplicates
//! (RFC 4862), so that an address is usable when it is added. Duties of a router which the
//! laboratory takes off it otherwise can be left to it.

use castnet::addr::Family;

/// A sysctl below /proc/sys, and its value.
type Sysctl = (&'static str, &'static str);

/// How the kernel of a namespace is set. The default is IPv4, without the distribution's limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stack {
    /// The family that it speaks.
    pub family: Family,
    /// Whether it forwards unicast, as a router does.
    pub forwards: bool,
    /// Whether everything that a router has to cope with stays as the distribution has it: its
    /// limits on memberships, its own Reports for 224.0.0.x, its reverse-path filter.
    pub as_distributed: bool,
}

impl Default for Stack {
    fn default() -> Self {
        Self { family: Family::V4, forwards: false, as_distributed: false }
    }
}

/// Without IPv6 the kernel sends no neighbour discovery and no MLD. The value for all interfaces
/// sets that of interfaces to come as well.
const NO_IPV6: Sysctl = ("net/ipv6/conf/all/disable_ipv6", "1");

/// The kernel's own Reports for 224.0.0.x are nobody's membership, and its small limit on
/// memberships must not fail a test. `all/rp_filter` does not set the value of interfaces to come.
const LENIENT: [Sysctl; 4] = [
    ("net/ipv4/igmp_link_local_mcast_reports", "0"),
    ("net/ipv4/conf/all/rp_filter", "0"),
    ("net/ipv4/conf/default/rp_filter", "0"),
    ("net/ipv4/igmp_max_memberships", "65536"),
];

/// Without router advertisements there are neither solicitations nor automatic addresses. A
/// link-local address is given like any other one (`addr_gen_mode` none).
const IPV6: [Sysctl; 4] = [
    ("net/ipv6/conf/all/disable_ipv6", "0"),
    ("net/ipv6/conf/default/accept_ra", "0"),
    ("net/ipv6/conf/default/accept_dad", "0"),
    ("net/ipv6/conf/default/addr_gen_mode", "1"),
];

const FORWARDS: [Sysctl; 1] = [("net/ipv4/ip_forward", "1")];

/// Linux forwards if the value for all interfaces says so, whatever an interface's own says. Its own
/// makes the kernel a member of ff05::2 there, which other routers would see as somebody's
/// membership. The first write sets the value of interfaces to come, too.
const FORWARDS_IPV6: [Sysctl; 2] =
    [("net/ipv6/conf/all/forwarding", "1"), ("net/ipv6/conf/default/forwarding", "0")];

impl Stack {
    /// The sysctls in the order in which they must be written. Each write costs some 20 us, so none
    /// is listed that another implies.
    pub(super) fn sysctls(self) -> impl Iterator<Item = Sysctl> {
        let (basic, lenient, forwards): (&[Sysctl], &[Sysctl], &[Sysctl]) = match self.family {
            Family::V4 => (&[NO_IPV6], &LENIENT, &FORWARDS),
            Family::V6 => (&IPV6, &[], &FORWARDS_IPV6),
        };
        let lenient = if self.as_distributed { &[] } else { lenient };
        let forwards = if self.forwards { forwards } else { &[] };
        basic.iter().chain(lenient).chain(forwards).copied()
    }
}
