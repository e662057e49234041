//! `--kernel`: this machine's kernel, or one in virtual time.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use castnet_lab::kernel;
use castnet_lab::lab::privilege;

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
    Guest(PathBuf),
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
        format!("{why}: there are `host`, `uml` and programs; docs/kernels.md says more")
    };
    let kernel = std::path::absolute(path).map_err(|error| told(error.to_string()))?;
    match kernel.metadata() {
        Err(error) => Err(told(error.to_string())),
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
            Self::Newest => kernel::newest().map(Found::Guest).map_err(|error| error.to_string()),
            Self::Program(program) => Ok(Found::Guest(program.clone())),
        };
        found.unwrap_or_else(Found::None)
    }

    /// Whether it is the machine's own.
    pub(super) const fn is_host(&self) -> bool {
        matches!(self, Self::Host)
    }
}

impl Found {
    /// The program, if it is one of User-Mode Linux.
    pub(super) fn guest(&self) -> Option<&Path> {
        match self {
            Self::Guest(program) => Some(program),
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
