//! The meaning of group management messages to an observer of a link: the laboratory's one book of
//! IGMP (and soon MLD), read by judge, compare, snapshot and report.
//!
//! Decides what a record says about its group ([`wish`]), the destination of a message and when
//! every reader of the RFC must accept it ([`delivery`]), and what a port has heard of its members
//! ([`hearing`]). Owns RFC 2236 sections 2, 3 and 9 and RFC 3376 section 4.2.12 from an observer's
//! side. It knows no octets, no packet and no verdict, and computes no interval: the plan does
//! that.

pub mod delivery;
pub mod filter;
pub mod hearing;
pub mod wish;

#[cfg(test)]
mod tests;
