//! A row of a table's keys: the key's spelling, the form of its value, and its meaning.

/// One key of a table.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// The key as an author writes it.
    pub name: &'static str,
    /// Other spellings with an equal meaning.
    pub aliases: &'static [&'static str],
    /// One sentence for editors and the page.
    pub about: &'static str,
    /// The form of its value.
    pub form: Form,
    /// Whether the key is required.
    pub is_required: bool,
    /// The value if the key is left out.
    pub unless_given: Option<Default>,
}

/// The value of a key that is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Default {
    /// A string.
    Text(&'static str),
    /// A number.
    Number(u64),
    /// True or false.
    Flag(bool),
}

/// The form of a key's value.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// Any string.
    Text,
    /// `"500ms"`
    Time,
    /// A time to which an act and protocol intervals can be added: `"leave + LMQT"`.
    Moment,
    /// A time to which protocol intervals can be added: `"2*LMQI + 100ms"`.
    Length,
    /// A number, or a string such as `"LMQC"` or `">= 1"`.
    Count,
    /// A multicast group.
    Group,
    /// An address.
    Address,
    /// A network.
    Network,
    /// A source: the name of a node, an address, or a range of addresses.
    Source,
    /// The name of a node.
    Node,
    /// The name of a link.
    Link,
    /// A list of strings, each of this form.
    List(&'static Self),
    /// One such value, or a list of them.
    OneOrMore(&'static Self),
    /// A table of such values, each under a name that the scenario gives.
    Named(&'static Self),
    /// One such value for all, or a table of them.
    OneOrNamed(&'static Self),
    /// A list of values of the first form, or a table of values of the second.
    ListOrNamed(&'static Self, &'static Self),
    /// A value of the first form, or one of the second.
    Either(&'static Self, &'static Self),
    /// True or false.
    Flag,
    /// True, the only sensible value.
    True,
    /// A whole number, both ends included.
    Whole(u64, u64),
    /// One of these numbers.
    Numbers(&'static [u64]),
    /// One of these words.
    Words(&'static [&'static str]),
    /// A string of this form, by example.
    Like(&'static str),
    /// A table with these keys.
    Table(Keys),
    /// A list of such tables.
    Tables(Keys),
    /// The definition of this name in the JSON Schema: a table with these keys, or something else
    /// if there are no keys.
    Defined(&'static str, Keys),
}

/// The ids of RFC clauses.
pub const CLAUSES: Form = Form::Defined("clauses", &[]);
/// The clauses of each family, where they differ.
pub static CLAUSES_OF_FAMILIES: Keys = &[&[
    Key::new("ipv4", LISTED, "Those of a run of IPv4."),
    Key::new("ipv6", LISTED, "Those of a run of IPv6."),
]];
/// Ids of clauses.
pub const LISTED: Form = Form::List(&Form::Defined("clause", &[]));

/// The keys of a table: its own, and those that it shares with other tables.
pub type Keys = &'static [&'static [Key]];

impl Key {
    /// A key that may be left out.
    #[must_use]
    pub const fn new(name: &'static str, form: Form, about: &'static str) -> Self {
        Self { name, aliases: &[], about, form, is_required: false, unless_given: None }
    }

    /// A key that must be there.
    #[must_use]
    pub const fn needed(name: &'static str, form: Form, about: &'static str) -> Self {
        Self { is_required: true, ..Self::new(name, form, about) }
    }

    /// Sets the value if the key is left out.
    #[must_use]
    pub const fn or(self, unless_given: Default) -> Self {
        Self { unless_given: Some(unless_given), ..self }
    }

    /// Adds other spellings with an equal meaning.
    #[must_use]
    pub const fn spelt(self, aliases: &'static [&'static str]) -> Self {
        Self { aliases, ..self }
    }

    /// The key and its other spellings.
    pub fn spellings(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }
}

impl Form {
    /// The whole numbers that are allowed, in words: `1 to 255`, `1 or 2`.
    #[must_use]
    pub fn limits(&self) -> String {
        match self {
            Self::Whole(least, most) => format!("{least} to {most}"),
            Self::OneOrNamed(form) => form.limits(),
            Self::Numbers(numbers) => match numbers.split_last() {
                Some((last, [])) => last.to_string(),
                Some((last, others)) => {
                    let others: Vec<String> = others.iter().map(ToString::to_string).collect();
                    format!("{} or {last}", others.join(", "))
                }
                None => String::new(),
            },
            _ => "0 or more".to_owned(),
        }
    }

    /// Whether this whole number is allowed.
    #[must_use]
    pub fn allows(&self, number: u64) -> bool {
        match self {
            Self::Whole(least, most) => (*least..=*most).contains(&number),
            Self::OneOrNamed(form) => form.allows(number),
            Self::Numbers(numbers) => numbers.contains(&number),
            _ => true,
        }
    }

    /// The keys of such a table, or of each table of such a list.
    #[must_use]
    pub const fn keys(&self) -> Keys {
        match self {
            Self::Table(keys) | Self::Tables(keys) | Self::Defined(_, keys) => keys,
            Self::List(form)
            | Self::Named(form)
            | Self::ListOrNamed(_, form)
            | Self::Either(_, form) => form.keys(),
            _ => &[],
        }
    }
}
