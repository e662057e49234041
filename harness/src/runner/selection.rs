//! Selects scenarios: by name, by clause, by shard.

use std::fmt;
use std::str::FromStr;

use super::UsageError;
use crate::plan::Plan;
use crate::scenario::clauses::{self, within};

/// A selection of scenarios; all of them by default.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Scenarios with any of these in their name; all of them if empty.
    pub filter: Vec<String>,
    /// Scenarios that prove any of these clauses (`RFC2236-3-14`), or one of such a section or RFC
    /// (`RFC2236-3`, `RFC2236`); all of them if empty.
    pub clause: Vec<String>,
    /// A part of them; all of them if `None`.
    pub shard: Option<Shard>,
}

impl Selection {
    /// The selected plans, in the order of their names: at least one.
    ///
    /// # Errors
    /// No scenario is selected; a filter or a clause selects none; or no clause of the catalogue has
    /// such an id.
    pub fn pick(&self, mut plans: Vec<Plan>) -> Result<Vec<Plan>, UsageError> {
        for id in &self.clause {
            if !clauses::all().any(|clause| within(&clause.id, id)) {
                let why = format!("--clause {id}: no clause of the catalogue begins so");
                return Err(UsageError(why));
            }
        }
        let found = plans.len();
        self.has_use(&plans)?;
        plans.retain(|plan| self.wants(plan));
        if plans.is_empty() {
            let why = format!("none of the {found} scenarios found is selected");
            return Err(UsageError(why));
        }
        plans.sort_by(|one, other| (&one.name, &one.path).cmp(&(&other.name, &other.path)));
        if let Some(shard) = self.shard {
            let selected = plans.len();
            let mut position = 0..;
            plans.retain(|_| position.next().is_some_and(|position| shard.takes(position)));
            if plans.is_empty() {
                let why = format!(
                    "--shard {shard}: empty, because {selected} selected scenarios make no more shards"
                );
                return Err(UsageError(why));
            }
        }
        Ok(plans)
    }

    /// Refuses a filter or a clause that selects nothing, even if others select something: a word that is
    /// spelt wrong must not pass for one that was tested.
    fn has_use(&self, plans: &[Plan]) -> Result<(), UsageError> {
        let found = plans.len();
        let none =
            |what: String| Err(UsageError(format!("{what} none of the {found} scenarios found")));
        let named = |text: &&String| plans.iter().any(|plan| plan.is_named(text));
        if let Some(text) = self.filter.iter().find(|text| !named(text)) {
            return none(format!("--filter {text}: it is in the name of"));
        }
        let proven = |id: &&String| {
            plans.iter().any(|plan| plan.proves.iter().any(|proved| within(proved, id)))
        };
        match self.clause.iter().find(|id| !proven(id)) {
            Some(id) => none(format!("--clause {id}: it is proved by")),
            None => Ok(()),
        }
    }

    /// Whether the filters select a scenario of this name, or may select one of its combinations.
    #[must_use]
    pub fn may_name(&self, name: &str) -> bool {
        let is_in = |text: &String| {
            let file = text.split('[').next().unwrap_or_default();
            name.contains(file)
        };
        self.filter.is_empty() || self.filter.iter().any(is_in)
    }

    fn wants(&self, plan: &Plan) -> bool {
        let named = self.filter.is_empty() || self.filter.iter().any(|text| plan.is_named(text));
        let proven = self.clause.is_empty()
            || self.clause.iter().any(|id| plan.proves.iter().any(|proved| within(proved, id)));
        named && proven
    }
}

/// The i-th of n parts, written as `1/3`; equal names make equal parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// From 0.
    index: usize,
    of: usize,
}

impl Shard {
    /// Neighbours go to different shards: they are alike, also in how long they take.
    const fn takes(self, position: usize) -> bool {
        position % self.of == self.index
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index + 1, self.of)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once('/').and_then(|(index, of)| {
            let (index, of): (usize, usize) = (index.parse().ok()?, of.parse().ok()?);
            (1..=of).contains(&index).then(|| Self { index: index - 1, of })
        });
        parsed.ok_or_else(|| "a shard is written as 1/3, 2/3 or 3/3".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(path: &str, proves: &str) -> Plan {
        let text = format!(
            "title = \"t\"\nproves = [{proves}]\nlinks = {{ lan = [\"r1\", \"h1\"] }}\n\
             nodes = {{ r1 = {{ role = \"router\" }}, h1 = {{ role = \"listener\" }} }}\n\
             [[expect]]\npacket = {{ on = \"lan\", kind = \"query\" }}\ncount = 1\nwithin = \"1s\"\n"
        );
        crate::plan::compile(path, &text).unwrap_or_else(|e| panic!("{}", e.render(false)))
    }

    fn plans() -> Vec<Plan> {
        vec![
            plan("scenarios/v2/query.toml", "\"RFC2236-3-01\""),
            plan("scenarios/v1/query.toml", ""),
            plan("scenarios/v2/leave.toml", "\"RFC2236-7-10\", \"RFC2236-3-23\""),
        ]
    }

    fn names(selection: &Selection) -> Result<Vec<String>, UsageError> {
        Ok(selection.pick(plans())?.into_iter().map(|plan| plan.name).collect())
    }

    fn strings(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|&text| text.to_owned()).collect()
    }

    #[test]
    fn filters_are_parts_of_names_and_any_will_do() {
        let by =
            |texts: &[&str]| names(&Selection { filter: strings(texts), ..Default::default() });
        assert_eq!(by(&[]).unwrap(), ["v1/query", "v2/leave", "v2/query"]);
        assert_eq!(by(&["query"]).unwrap(), ["v1/query", "v2/query"]);
        assert_eq!(by(&["v1", "leave"]).unwrap(), ["v1/query", "v2/leave"]);
        let none = "--filter v3: it is in the name of none of the 3 scenarios found";
        assert_eq!(by(&["v3"]).unwrap_err().0, none);
        assert_eq!(by(&["v1", "v3"]).unwrap_err().0, none);
    }

    // The command that repeats a run of IPv4 names its combination, which its name does not have.
    #[test]
    fn each_combination_is_meant_by_what_stands_in_brackets() {
        let text = "title = \"t\"\nfamily = \"${family}\"\nmatrix = { family = [\"ipv4\", \"ipv6\"] }\n\
             links = { lan = [\"r1\"] }\nnodes = { r1 = { role = \"router\" } }\n\
             [[expect]]\npacket = { on = \"lan\", kind = \"query\" }\ncount = 1\nwithin = \"1s\"\n";
        let by = |filter: &str| {
            let selection = Selection { filter: strings(&[filter]), ..Default::default() };
            let plans = crate::plan::compile_all("scenarios/query.toml", text);
            let plans = plans.unwrap_or_else(|e| panic!("{}", e.render(false)));
            let picked = selection.pick(plans).unwrap().into_iter();
            picked.map(|plan| plan.name).collect::<Vec<_>>()
        };
        assert_eq!(by("[family=ipv4]"), ["query"]);
        assert_eq!(by("[family=ipv6]"), ["query[family=ipv6]"]);
        assert_eq!(by("query").len(), 2);
    }

    #[test]
    fn a_clause_is_meant_by_its_id_its_section_or_its_rfc() {
        let by =
            |texts: &[&str]| names(&Selection { clause: strings(texts), ..Default::default() });
        assert_eq!(by(&["RFC2236-3"]).unwrap(), ["v2/leave", "v2/query"]);
        assert_eq!(by(&["rfc2236-3-01"]).unwrap(), ["v2/query"]);
        assert_eq!(by(&["RFC2236-7", "RFC2236-3-01"]).unwrap(), ["v2/leave", "v2/query"]);
        for wanted in [&["RFC2236-9"][..], &["RFC2236-3", "RFC2236-9"]] {
            let why = by(wanted).unwrap_err().0;
            assert!(why.contains("--clause RFC2236-9: it is proved by none of the 3"), "{why}");
        }
        assert!(by(&["RFC223"]).unwrap_err().0.contains("--clause RFC223: no clause"));
        assert!(within("RFC1-7.2", "RFC1-7") && !within("RFC1-71", "RFC1-7"));
    }

    #[test]
    fn shards_hold_everything_exactly_once_whatever_the_order() {
        let shard = |text: &str| Selection { shard: text.parse().ok(), ..Default::default() };
        let of = |text: &str| names(&shard(text)).unwrap();
        assert_eq!(of("1/2"), ["v1/query", "v2/query"]);
        assert_eq!(of("2/2"), ["v2/leave"]);
        assert!(names(&shard("4/4")).unwrap_err().0.starts_with("--shard 4/4: empty"));
        let mut turned = plans();
        turned.reverse();
        let picked = shard("2/2").pick(turned).unwrap();
        assert_eq!(picked.iter().map(|plan| plan.name.as_str()).collect::<Vec<_>>(), ["v2/leave"]);
    }

    #[test]
    fn a_shard_that_cannot_be_is_refused() {
        for text in ["", "1", "0/2", "3/2", "1/0", "a/b", "1/2/3", "-1/2"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }
}
