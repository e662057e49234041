//! Reads the addresses that a link gives to its nodes: one, or several with the primary one first.
//! The plan checks whether they fit the network.

use super::Given;
use super::family::{self, Refusal};
use super::reader::Reader;
use super::span::Spanned;

/// The key `addresses` of a link; empty without the key.
pub(super) fn given(link: &Reader<'_, '_>) -> Option<Vec<Given>> {
    let Some(value) = link.value("addresses") else { return Some(Vec::new()) };
    let form = "a table such as { r1 = \"10.1.2.1\", h1 = [\"10.1.2.5\", \"10.1.2.6\"] }";
    let table = Reader::of(value, "`addresses`", form, link.scope())?;
    let mut all = Vec::new();
    let mut sound = true;
    for (who, value) in table.entries() {
        let items = value.get_ref().as_array().map_or_else(|| vec![value], |l| l.iter().collect());
        if items.is_empty() {
            let message = format!("{} is given no address", who.value);
            let help = "leave it out, and it gets the next free one";
            let mut faults = table.faults().borrow_mut();
            faults.error_with_help(&value.span(), message, "an empty list", help);
            sound = false;
        }
        let mut addresses = Vec::new();
        for item in items {
            let text = item.get_ref().as_str();
            let (run, form) = (link.scope().family(), family::Form::Address);
            let label = || match text {
                Some(_) => form.label(run).to_owned(),
                None => format!("this is of the type {}", item.get_ref().type_str()),
            };
            let read = text.map_or(Err(Refusal::Malformed), |text| family::address(text, run));
            let address = match read {
                Ok(address) => address,
                Err(refusal) => {
                    let (name, form) = (&who.value, form.words(run));
                    let message = format!("{name} is given {form}, or a list of them");
                    let mut faults = table.faults().borrow_mut();
                    let text = text.unwrap_or_default();
                    refusal.report(text, &item.span(), message, label(), &mut faults);
                    sound = false;
                    continue;
                }
            };
            addresses.push(Spanned { value: address, span: item.span() });
        }
        all.push(Given { who, addresses });
    }
    sound.then_some(all)
}
