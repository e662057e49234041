//! A parameter: a key, and the place of its value in [`Knobs`].
//!
//! The rows themselves are [`super::PARAMETERS`]. A scenario's reader, the JSON Schema, the page and
//! the configuration of a device walk them, so that a parameter is written in no other list.

use std::time::Duration;

use castnet::gmp::message::Version;
use ipnet::IpNet;

use super::{Knobs, Revision};
use crate::vocabulary::key::Key;

/// A parameter of a router that an author can give.
#[derive(Debug)]
pub struct Parameter {
    /// Its key, the form of its value, and its meaning.
    pub key: Key,
    /// Where its value is kept.
    pub slot: fn(&mut Knobs) -> Slot<'_>,
}

/// The place of a value.
pub enum Slot<'a> {
    /// True or false.
    Flag(&'a mut bool),
    /// A count or a number.
    Count(&'a mut u8),
    /// A count that is derived unless given.
    DerivedCount(&'a mut Option<u8>),
    /// The largest number of something.
    Limit(&'a mut u32),
    /// A time.
    Time(&'a mut Duration),
    /// A time that is derived unless given.
    DerivedTime(&'a mut Option<Duration>),
    /// A range of groups, if it is not the usual one.
    Range(&'a mut Option<IpNet>),
    /// The RFC, which is derived unless given.
    Revision(&'a mut Option<Revision>),
    /// The version.
    Version(&'a mut Version),
}

/// The value of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// True or false.
    Flag(bool),
    /// A whole number.
    Whole(u32),
    /// A time.
    Time(Duration),
    /// A range of groups.
    Range(IpNet),
}

/// Changes of [`Knobs`]; parameters without a change stay as they are.
#[derive(Clone, Debug, Default)]
pub struct Changes(pub Vec<(&'static Parameter, Setting)>);

impl Changes {
    /// The parameters `base` with these changes.
    #[must_use]
    pub fn over(&self, base: &Knobs) -> Knobs {
        let mut knobs = base.clone();
        for (parameter, setting) in &self.0 {
            (parameter.slot)(&mut knobs).put(*setting);
        }
        knobs
    }
}

impl Parameter {
    /// Its value; `None` if it is derived.
    #[must_use]
    pub fn of(&self, knobs: &Knobs) -> Option<Setting> {
        (self.slot)(&mut knobs.clone()).value()
    }
}

impl Slot<'_> {
    /// The value that is stored there.
    fn value(self) -> Option<Setting> {
        Some(match self {
            Self::Flag(flag) => Setting::Flag(*flag),
            Self::Count(count) => Setting::Whole((*count).into()),
            Self::DerivedCount(count) => Setting::Whole((*count)?.into()),
            Self::Limit(most) => Setting::Whole(*most),
            Self::Time(time) => Setting::Time(*time),
            Self::DerivedTime(time) => Setting::Time((*time)?),
            Self::Range(range) => Setting::Range((*range)?),
            Self::Revision(revision) => Setting::Whole(number(&Revision::NUMBERS, (*revision)?)?),
            Self::Version(version) => Setting::Whole(number(&VERSIONS, *version)?),
        })
    }

    /// Stores a value; a value that the row's form does not allow changes nothing.
    fn put(self, setting: Setting) {
        match (self, setting) {
            (Self::Count(count), Setting::Whole(whole)) => {
                *count = u8::try_from(whole).unwrap_or(*count);
            }
            (Self::DerivedCount(count), Setting::Whole(whole)) => {
                *count = u8::try_from(whole).ok().or(*count);
            }
            (Self::Limit(most), Setting::Whole(whole)) => *most = whole,
            (Self::Flag(flag), Setting::Flag(given)) => *flag = given,
            (Self::Time(time), Setting::Time(given)) => *time = given,
            (Self::DerivedTime(time), Setting::Time(given)) => *time = Some(given),
            (Self::Range(range), Setting::Range(given)) => *range = Some(given),
            (Self::Revision(revision), Setting::Whole(whole)) => {
                *revision = named(&Revision::NUMBERS, whole).or(*revision);
            }
            (Self::Version(version), Setting::Whole(whole)) => {
                *version = named(&VERSIONS, whole).unwrap_or(*version);
            }
            _ => {}
        }
    }
}

/// The versions in IGMP's numbering.
const VERSIONS: [(u32, Version); 3] = [(1, Version::V1), (2, Version::V2), (3, Version::V3)];

fn number<T: Copy + PartialEq>(numbers: &[(u32, T)], meant: T) -> Option<u32> {
    numbers.iter().find(|(_, known)| *known == meant).map(|(number, _)| *number)
}

fn named<T: Copy>(numbers: &[(u32, T)], number: u32) -> Option<T> {
    numbers.iter().find(|(known, _)| *known == number).map(|(_, meant)| *meant)
}
