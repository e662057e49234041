//! The boundaries of a router's links: ranges of groups that pass in neither direction.

use castnet::addr::Family;
use ipnet::IpNet;

use super::Boundary;
use super::reader::Reader;

/// The key `boundaries` of a router.
pub(super) fn boundaries(table: &Reader<'_, '_>) -> Option<Vec<Boundary>> {
    let form = "[{ link = \"up\", ipv4 = \"239.0.0.0/8\" }]";
    let boundaries = table.tables("boundaries", "a boundary", form);
    boundaries.into_iter().map(|of| boundary(of?)).collect()
}

fn boundary(table: Reader<'_, '_>) -> Option<Boundary> {
    let link = table.require("link", table.string("link"));
    let range = |key, family, example| {
        let form = format!("a range of groups, as \"{example}\"");
        let read = |text: &str| match text.parse::<IpNet>() {
            Ok(net) if net.addr().is_multicast() && Family::of(net.addr()) == family => Ok(net),
            _ => Err(format!("no groups of {family}")),
        };
        table.parsed(key, &form, read).map(|range| range.value)
    };
    let ranges = [
        (Family::V4, range("ipv4", Family::V4, "239.0.0.0/8")),
        (Family::V6, range("ipv6", Family::V6, "ff05::/16")),
    ];
    let of_run = ranges.into_iter().filter(|(family, _)| table.scope().family() == Some(*family));
    let range = of_run.last().and_then(|(_, range)| range);
    table.finish();
    Some(Boundary { link: link?, range })
}
