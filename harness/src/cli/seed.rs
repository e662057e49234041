//! What the random draws of runs follow from: a number, or another one for each run.

use std::fs::File;
use std::io::{self, Read as _};
use std::str::FromStr;

use super::Failure;

/// What the user wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seed {
    Given(u64),
    Random,
}

impl Seed {
    /// The seed of a run. One that is drawn is short, so that people can type it.
    ///
    /// # Errors
    /// If there is no randomness here.
    pub(super) fn draw(self) -> Result<u64, Failure> {
        let random = || {
            let mut octets = [0; 4];
            File::open("/dev/urandom")?.read_exact(&mut octets)?;
            Ok(u32::from_ne_bytes(octets).into())
        };
        match self {
            Self::Given(seed) => Ok(seed),
            Self::Random => {
                random().map_err(|why: io::Error| Failure::broken(format!("/dev/urandom: {why}")))
            }
        }
    }
}

impl FromStr for Seed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "random" => Ok(Self::Random),
            number => number
                .parse()
                .map(Self::Given)
                .map_err(|_| format!("a seed is `random` or a whole number up to {}", u64::MAX)),
        }
    }
}
