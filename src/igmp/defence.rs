//! Which messages a router refuses by their IP header: forged ones, and those that went astray.
//!
//! Owns RFC 2236 section 10 and RFC 9776 section 9. What the RFCs leave to the administrator is a
//! parameter of the link.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::addr::Family;
use crate::gmp::address::is_addressed_well;
use crate::gmp::message::{Form, Message, Version};
use crate::gmp::params::Params;
use crate::ignored::Ignored;
use crate::wire::ip::Header;

/// Checks the IP header of a message that came in on a link with these networks.
///
/// # Errors
/// Why the message is refused.
pub(super) fn check(
    params: &Params,
    networks: &[IpNet],
    header: &Header,
    message: &Message,
) -> Result<(), Ignored> {
    let Header { source, destination, hop_limit, router_alert, .. } = *header;
    if !is_of_a_machine(networks, source) {
        return Err(Ignored::SourceNotUnicast(source)); // RFC1112-7.2-02
    }
    if !is_addressed_well(params, destination, message) {
        return Err(Ignored::Misaddressed(destination));
    }
    let is_query = message.form() == Some(Form::Query);
    // RFC2236-10-01; 0.0.0.0 is a host without an address (RFC3376-9.2-01), or a switch.
    let checks_source = is_query || params.verify_source_subnet;
    if checks_source && !source.is_unspecified() && !is_on_link(networks, source) {
        return Err(Ignored::OffLink(source));
    }
    // RFC2236-2-02
    if (is_query || params.require_ttl_1) && hop_limit != 1 {
        return Err(Ignored::NotOneHop(hop_limit));
    }
    // RFC2236-10-02
    if !is_query && params.require_router_alert && !router_alert {
        return Err(unwanted("no Router Alert option, which is required here"));
    }
    // RFC2236-10-03; a router of version 1 would be deaf.
    let is_older = message.version() == Some(Version::V1) && params.version != Version::V1;
    if params.ignore_version_1 && is_older {
        return Err(unwanted("a version 1 message, which is ignored here"));
    }
    Ok(())
}

fn unwanted(why: &str) -> Ignored {
    Ignored::Unwanted(why.to_owned())
}

/// Whether a machine on the link may have the address: it is neither reserved (240.0.0.0/4), nor a
/// loopback address, nor what names a network or all of its hosts. 0.0.0.0 is a machine without one.
fn is_of_a_machine(networks: &[IpNet], source: IpAddr) -> bool {
    let IpAddr::V4(addr) = source else { return true };
    let names_all = |net: &IpNet| {
        net.prefix_len() <= 30 && (net.broadcast() == source || net.network() == source)
    };
    !addr.is_multicast()
        && !addr.is_loopback()
        && addr.octets()[0] < 240
        && (addr.is_unspecified() || !networks.iter().any(names_all))
}

/// Whether the source is on a network of the link. A link whose networks have one address each says
/// nothing about its other machines.
fn is_on_link(networks: &[IpNet], source: IpAddr) -> bool {
    let of_family = |net: &&IpNet| Family::of(net.addr()) == Family::of(source);
    let mut wide = networks.iter().filter(of_family).filter(|net| net.prefix_len() < 32).peekable();
    wide.peek().is_none() || wide.any(|net| net.contains(&source))
}
