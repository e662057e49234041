//! `--kernel`: this machine's kernel, or one in virtual time.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::str::FromStr;

use castnet_lab::guest::is_image;
use castnet_lab::judge::Outcome;
use castnet_lab::kernel;
use castnet_lab::lab::privilege;
use castnet_lab::report::{Campaign, Finished};
use castnet_lab::runner::Guest;

/// The kernel for runs on a kernel.
#[derive(Clone, Debug, Default)]
pub(super) enum WhichKernel {
    /// The machine's own.
    #[default]
    Host,
    /// The newest one of User-Mode Linux that castnet has built.
    Newest,
    /// This program of User-Mode Linux.
    Program(PathBuf),
}

/// The kernel that was found.
#[derive(Debug)]
pub(super) enum Found {
    /// The machine's own.
    Host,
    /// A program of User-Mode Linux.
    Guest(Guest),
    /// Why there is none.
    None(String),
}

impl FromStr for WhichKernel {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "host" => Ok(Self::Host),
            "uml" => Ok(Self::Newest),
            path => program(path).map(Self::Program),
        }
    }
}

/// Reads the path of a kernel, which is a program.
fn program(path: &str) -> Result<PathBuf, String> {
    let told = |why: String| {
        format!("{why}: there are `host`, `uml`, programs and images; docs/kernels.md says more")
    };
    let kernel = std::path::absolute(path).map_err(|error| told(error.to_string()))?;
    match kernel.metadata() {
        Err(error) => Err(told(error.to_string())),
        Ok(_) if is_image(&kernel) => Ok(kernel),
        Ok(file) if !file.is_file() || file.permissions().mode() & 0o111 == 0 => {
            Err(told("it is no program".to_owned()))
        }
        Ok(_) => Ok(kernel),
    }
}

impl WhichKernel {
    /// Finds the kernel. On the machine's own, this process gets the right to make namespaces, so that it
    /// must have no other thread yet.
    pub(super) fn find(&self) -> Found {
        let found = match self {
            Self::Host => {
                privilege::enter().map(|_| Found::Host).map_err(|error| error.to_string())
            }
            Self::Newest => kernel::newest()
                .map_err(|error| error.to_string())
                .map(|program| Found::Guest(Guest { word: "uml".to_owned(), program })),
            Self::Program(program) => {
                let (word, program) = (program.display().to_string(), program.clone());
                Ok(Found::Guest(Guest { word, program }))
            }
        };
        found.unwrap_or_else(Found::None)
    }

    /// Whether it is the machine's own.
    pub(super) const fn is_host(&self) -> bool {
        matches!(self, Self::Host)
    }
}

/// What else a user could do whose runs were BROKEN on this machine's own kernel, if there is a kernel on
/// which no load makes anything late.
pub(super) fn hint(campaign: &Campaign) -> Option<String> {
    let was_broken = |run: &&Finished| {
        !run.kernel.is_empty()
            && run.guest.is_none()
            && (run.verdict.outcome == Outcome::Broken || !run.broken_before.is_empty())
    };
    let broken = campaign.finished.iter().filter(was_broken).count();
    (broken > 0 && kernel::newest().is_ok()).then(|| {
        "where this machine was too busy: with --kernel uml work takes no time, and nothing is late"
            .to_owned()
    })
}

impl Found {
    /// The program, if it is one of User-Mode Linux.
    pub(super) const fn guest(&self) -> Option<&Guest> {
        match self {
            Self::Guest(guest) => Some(guest),
            _ => None,
        }
    }

    /// Why there is none.
    pub(super) fn refusal(&self) -> Option<&str> {
        match self {
            Self::None(why) => Some(why),
            _ => None,
        }
    }
}
