//! The static rules of a router.

use super::FlowRule;
use super::reader::Reader;
use super::values::group;

/// The key `rules` of a router.
pub(super) fn rules(table: &Reader<'_, '_>) -> Option<Vec<FlowRule>> {
    let form = "[{ from = [\"up\"], group = \"239.1.1.1\", to = [\"lan\"] }]";
    let rules = table.tables("rules", "a rule", form);
    rules.into_iter().map(|of| rule(of?)).collect()
}

fn rule(table: Reader<'_, '_>) -> Option<FlowRule> {
    let from = table.require("from", table.strings("from"));
    let group = table.require("group", group(&table, "group"));
    let (source, except) = (table.string("source"), table.string("except"));
    let to = table.require("to", table.strings("to"));
    if let Some(from) = from.as_ref().filter(|from| !(1..=2).contains(&from.value.len())) {
        let message = "`from` is a list of one link, or of two";
        table.faults().borrow_mut().error(&from.span, message, "neither one nor two");
    }
    table.finish();
    Some(FlowRule { from: from?, group: group?, source, except, to: to?.value })
}
