//! The version of group management that a host or a switch speaks: `speaks` in either family, or
//! `igmp-version` in IPv4.
//!
//! A version is a number of IGMP; versions 1 and 2 of MLD correspond to versions 2 and 3 of IGMP.
//! Refuses a version that the family does not have.

use castnet::addr::Family;

use super::reader::Reader;
use super::span::Spanned;
use crate::vocabulary::node::SPEAKS;

/// IGMP's number for the version that is given, if one is; `None` if it could not be read.
pub(super) fn speaks(table: &Reader<'_, '_>) -> Option<Option<Spanned<u8>>> {
    let is_mld = table.scope().family() == Some(Family::V6);
    let (word, number) = (table.key_span("speaks"), table.key_span("igmp-version"));
    if let (Some(_), Some(span)) = (&word, &number) {
        let message = "both `speaks` and `igmp-version` in one table";
        table.faults().borrow_mut().error(span, message, "they mean the same");
        return None;
    }
    if let Some(span) = number.filter(|_| is_mld) {
        let message = "`igmp-version` is of IPv4, and this run is of IPv6";
        let help =
            "`speaks = \"groups\"` is MLDv1 or IGMPv2, and `speaks = \"sources\"` MLDv2 or IGMPv3";
        let mut faults = table.faults().borrow_mut();
        faults.error_with_help(&span, message, "no host of this run speaks IGMP", help);
        return None;
    }
    if word.is_none() {
        let version = table.integer::<u8>("igmp-version");
        let is_sound = version.is_some() || table.value("igmp-version").is_none();
        return is_sound.then_some(version);
    }
    let version = table.word("speaks", "version", &SPEAKS)?;
    if is_mld && version.value == 1 {
        let message = "`igmp1` is of IPv4, and this run is of IPv6";
        let help = "`speaks = \"groups\"` is MLDv1, the first version of MLD";
        let mut faults = table.faults().borrow_mut();
        faults.error_with_help(&version.span, message, "MLD has no such version", help);
        return None;
    }
    Some(Some(version))
}
