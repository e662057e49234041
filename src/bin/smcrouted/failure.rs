//! Why smcrouted ends, and the exit code that says so, as sysexits.h numbers them: 64 usage, 69 the table or
//! the socket is in use, 71 the system refuses, 76 no multicast routing in the kernel, 77 no permission,
//! 78 the configuration.

use std::fmt;
use std::process::ExitCode;

use castnet::daemon::control::Unbound;
use castnet::kernel::MrouteError;

/// A failure in words.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    why: String,
}

impl Failure {
    pub(crate) fn config(why: String) -> Self {
        Self { code: 78, why }
    }

    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

/// The failure that an error is.
pub(crate) fn failed(error: anyhow::Error) -> Failure {
    let by_kernel = error.chain().find_map(|cause| cause.downcast_ref::<MrouteError>());
    let by_socket = error.chain().find_map(|cause| cause.downcast_ref::<Unbound>());
    let code = match (by_kernel, by_socket) {
        (Some(MrouteError::AlreadyOwned { .. }), _) | (_, Some(Unbound::Taken(_))) => 69,
        (Some(MrouteError::NotSupported { .. }), _) => 76,
        (Some(MrouteError::NoPermission { .. }), _) => 77,
        _ => 71,
    };
    Failure { code, why: format!("{error:#}") }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.why.trim_end())
    }
}
