//! Virtual interfaces, as the kernel's multicast routing numbers them (`vifi_t`).

use std::fmt;

use serde::{Deserialize, Serialize};

/// The number of a virtual interface: 0 to 31, since the kernel's `MAXVIFS` is 32.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub struct Vif(u8);

/// What a virtual interface stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum VifKind {
    /// A network device.
    Device,
    /// The register interface of PIM-SM, which delivers whole datagrams (`VIFF_REGISTER`).
    Register,
}

impl Vif {
    /// The most virtual interfaces of one routing table (`MAXVIFS` of linux/mroute.h).
    pub const MAX: usize = 32;

    /// The interface with the lowest number.
    pub const FIRST: Self = Self(0);

    /// The interface with the highest number.
    pub const LAST: Self = Self(Self::MAX as u8 - 1);

    /// The register interface of a router that speaks PIM, which has no device of its own.
    pub const REGISTER: Self = Self::LAST;

    /// The interface with this number, or `None` from 32 on.
    #[must_use]
    pub fn new(number: usize) -> Option<Self> {
        u8::try_from(number).ok().filter(|&n| usize::from(n) < Self::MAX).map(Self)
    }

    /// The number, 0 to 31.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl From<Vif> for u8 {
    fn from(vif: Vif) -> Self {
        vif.0
    }
}

impl TryFrom<u8> for Vif {
    type Error = NoSuchVif;

    fn try_from(number: u8) -> Result<Self, NoSuchVif> {
        Self::new(number.into()).ok_or(NoSuchVif(number))
    }
}

/// A number that no virtual interface can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a virtual interface has a number below {max}, not {0}", max = Vif::MAX)]
pub struct NoSuchVif(u8);

impl fmt::Display for Vif {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "vif{}", self.0)
    }
}
