//! The static rules of a configuration in the order of the file, found by their flows.
//!
//! A program may add some thousand rules one by one: none of them is looked for by a walk through all.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::rule::RuleSettings;
use crate::fixed::{Key, Rule};

/// Static rules of forwarding.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(from = "Vec<RuleSettings>")]
pub struct RuleList {
    /// By their places, which ascend.
    all: BTreeMap<u64, Rule<String>>,
    /// The places of the rules for the same flows, in their order.
    by_flows: BTreeMap<Key, Vec<u64>>,
}

impl RuleList {
    /// How many rules there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there are no rules.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The rules in their order.
    pub fn iter(&self) -> impl Iterator<Item = &Rule<String>> {
        self.all.values()
    }

    /// The rules for the flows of `of`, from whatever interface.
    pub(in crate::daemon) fn for_flows(
        &self,
        of: &Rule<String>,
    ) -> impl Iterator<Item = &Rule<String>> {
        self.places(of).iter().filter_map(|place| self.all.get(place))
    }

    /// The first rule for the flows of `of` from its interface.
    pub(in crate::daemon) fn find(&self, of: &Rule<String>) -> Option<&Rule<String>> {
        self.for_flows(of).find(|rule| rule.from == of.from)
    }

    /// The outgoing interfaces of the rule that [`Self::find`] finds.
    pub(in crate::daemon) fn outgoing(&mut self, of: &Rule<String>) -> Option<&mut Vec<String>> {
        let place = self.place(of)?;
        self.all.get_mut(&place).map(|rule| &mut rule.to)
    }

    /// Adds a rule as smcroute does: to the interfaces of one for the same flows from the same interface, if
    /// there is one.
    pub(in crate::daemon) fn merge(&mut self, rule: Rule<String>) {
        let is_like = |place: &&u64| self.all.get(place).is_some_and(|of| of.holds_like(&rule));
        let known = self.places(&rule).iter().find(is_like).copied();
        match known.and_then(|place| self.all.get_mut(&place)) {
            None => self.push(rule),
            Some(Rule { to: known, .. }) => {
                let new = rule.to.into_iter().filter(|name| !known.contains(name));
                known.extend(new.collect::<Vec<_>>());
            }
        }
    }

    /// Appends a rule.
    pub fn push(&mut self, rule: Rule<String>) {
        let place = self.all.last_key_value().map_or(0, |(last, _)| last + 1);
        self.by_flows.entry(rule.key()).or_default().push(place);
        self.all.insert(place, rule);
    }

    /// Removes the rule that [`Self::find`] finds.
    pub(in crate::daemon) fn remove(&mut self, of: &Rule<String>) {
        let Some(place) = self.place(of) else { return };
        self.all.remove(&place);
        if let Some(places) = self.by_flows.get_mut(&of.key()) {
            places.retain(|other| *other != place);
            if places.is_empty() {
                self.by_flows.remove(&of.key());
            }
        }
    }

    fn places(&self, of: &Rule<String>) -> &[u64] {
        self.by_flows.get(&of.key()).map_or(&[], Vec::as_slice)
    }

    fn place(&self, of: &Rule<String>) -> Option<u64> {
        let is_from = |place: &&u64| self.all.get(place).is_some_and(|rule| rule.from == of.from);
        self.places(of).iter().find(is_from).copied()
    }
}

impl From<Vec<RuleSettings>> for RuleList {
    fn from(written: Vec<RuleSettings>) -> Self {
        written.into_iter().map(|RuleSettings(rule)| rule).collect()
    }
}

impl FromIterator<Rule<String>> for RuleList {
    fn from_iter<T: IntoIterator<Item = Rule<String>>>(rules: T) -> Self {
        let mut list = Self::default();
        rules.into_iter().for_each(|rule| list.push(rule));
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(from: &str, group: &str, to: &[&str]) -> Rule<String> {
        let to = to.iter().map(|&name| name.to_owned()).collect();
        let (source, except) = (None, Vec::new());
        Rule {
            from: from.to_owned(),
            source,
            group: group.parse().unwrap(),
            standby: None,
            except,
            to,
        }
    }

    fn shown(list: &RuleList) -> Vec<(&str, String, usize)> {
        list.iter().map(|of| (of.from.as_str(), of.group.to_string(), of.to.len())).collect()
    }

    #[test]
    fn rules_keep_their_order_and_are_found_by_flows_and_interface() {
        let (one, other) = (rule("a", "239.1.1.0/24", &["b"]), rule("b", "239.1.1.0/24", &["a"]));
        let last = rule("a", "239.1.2.0/24", &["b", "c"]);
        let mut list: RuleList = [one.clone(), other.clone(), last.clone()].into_iter().collect();
        assert_eq!(list.for_flows(&one).collect::<Vec<_>>(), [&one, &other]);
        assert_eq!(list.find(&rule("b", "239.1.1.9/24", &[])), Some(&other));
        assert_eq!(list.find(&rule("c", "239.1.1.0/24", &[])), None);
        list.remove(&one);
        list.push(one);
        list.outgoing(&last).unwrap().push("d".to_owned());
        let group = |last| format!("239.1.{last}.0/24");
        assert_eq!(shown(&list), [("b", group(1), 1), ("a", group(2), 3), ("a", group(1), 1)]);
        list.merge(rule("a", "239.1.2.0/24", &["b", "e"]));
        assert_eq!(list.find(&last).unwrap().to, ["b", "c", "d", "e"]);
        // What holds for other flows is another rule.
        let except = vec!["10.0.0.7/32".parse().unwrap()];
        let some = Rule { except, ..rule("a", "239.1.2.0/24", &["f"]) };
        list.merge(some.clone());
        assert_eq!((list.find(&last).unwrap().to.len(), list.len()), (4, 4));
        list.remove(&last);
        assert_eq!(list.find(&last), Some(&some));
        list.remove(&last);
        list.merge(rule("a", "239.1.2.0/24", &["b", "c", "d", "e"]));
        // Nobody else's rule goes with one that is not there, nor grows by one.
        list.remove(&rule("c", "239.1.1.0/24", &[]));
        assert_eq!(list.len(), 3);
        assert_eq!(list.outgoing(&rule("c", "239.1.1.0/24", &[])), None);
        list.remove(&other);
        list.remove(&rule("a", "239.1.1.0/24", &[]));
        assert_eq!((shown(&list), list.len()), (vec![("a", group(2), 4)], 1));
        assert_eq!(list.for_flows(&other).count(), 0);
    }
}
