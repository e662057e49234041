//! Reads the level of a listener (RFC 1112 section 3).

use castnet::addr::Family;

use super::reader::Reader;
use crate::knobs::Level;

/// The key `level` of a listener; all of IP multicast unless given. `None` if it cannot be meant, which is
/// reported.
pub(super) fn level(table: &Reader<'_, '_>, is_castnet: bool) -> Option<Level> {
    let Some(given) = table.whole::<u8>("level") else {
        return table.value("level").is_none().then_some(Level::Full);
    };
    let level = Level::ALL.get(usize::from(given.value)).copied();
    let has = |key| table.value(key).is_some();
    let (label, help) = match level {
        None => ("0, 1 or 2", "RFC 1112 section 3 has three levels"),
        Some(_) if table.scope().family() == Some(Family::V6) => (
            "IPv6 has no such hosts",
            "RFC 1112 is of IPv4; a host of IPv6 needs groups to find its neighbours",
        ),
        Some(_) if is_castnet => {
            ("castnet's stack has all of it", "a listener of the kernel can have a level")
        }
        Some(_) if has("count") => ("hosts of a population have all of it", "leave out `count`"),
        Some(level) if !level.joins() && (has("speaks") || has("igmp-version")) => {
            ("such a host speaks no IGMP", "leave out its version, or its level")
        }
        Some(level) => return Some(level),
    };
    let message = format!("this listener cannot be of level {}", given.value);
    table.faults().borrow_mut().error_with_help(&given.span, message, label, help);
    None
}
