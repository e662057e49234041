//! Virtual interfaces, as the kernel's multicast routing names them (`vifi_t`).

use std::fmt;

/// The number of a virtual interface: 0 to 31, the kernel's `MAXVIFS` being 32.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Vif(u8);

impl Vif {
    /// How many virtual interfaces one routing table can have (`MAXVIFS` of linux/mroute.h).
    pub const MAX: usize = 32;

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

impl fmt::Display for Vif {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "vif{}", self.0)
    }
}
