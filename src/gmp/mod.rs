//! What IGMP and MLD share.

pub mod params;
