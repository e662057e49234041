//! What messages of group management mean to whoever watches a link: the laboratory's one book of
//! IGMP (and soon MLD), read by judge, compare, snapshot and report.
//!
//! Decides what a record wants of its group ([`wish`]), where a message has to go and when no reader of
//! the RFC may ignore it ([`delivery`]), and what a port has heard of its members ([`hearing`]). Owns
//! RFC 2236 sections 2, 3 and 9 and RFC 3376 section 4.2.12 as a bystander reads them. It knows no
//! octets, no packet and no verdict, and computes no interval: those are the plan's.

pub mod delivery;
pub mod hearing;
pub mod wish;

#[cfg(test)]
mod tests;
