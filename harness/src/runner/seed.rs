//! The seed of runs' random draws: a given number, or a new one for each run.

use std::fs::File;
use std::io::{self, Read as _};
use std::str::FromStr;

/// The seed of runs' random draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seed {
    /// This number in every run.
    Given(u64),
    /// Another number for each run.
    Random,
}

impl Seed {
    /// The seed of a run. A random seed is short, so that people can type it.
    ///
    /// # Errors
    /// `/dev/urandom` cannot be read.
    pub fn draw(self) -> io::Result<u64> {
        let random = || {
            let mut octets = [0; 4];
            File::open("/dev/urandom")?.read_exact(&mut octets)?;
            Ok(u32::from_ne_bytes(octets).into())
        };
        match self {
            Self::Given(seed) => Ok(seed),
            Self::Random => random().map_err(|error: io::Error| {
                io::Error::new(error.kind(), format!("/dev/urandom: {error}"))
            }),
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
