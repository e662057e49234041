//! `castnet doctor`

use castnet_lab::lab::doctor::{self, Probe};
use castnet_lab::lab::privilege::{self, Privilege};

use super::{Ending, Failure, UNSUPPORTED, say};

/// Exit code 3 if no scenario can run here.
pub(super) fn doctor() -> Ending {
    let mut able = true;
    let mut tell = |what: &str, needed: bool, found: &Result<String, String>, remedy: &str| {
        let (state, text) = match found {
            Ok(text) => ("ok", text),
            Err(text) if needed => ("MISSING", text),
            Err(text) => ("missing", text),
        };
        able &= found.is_ok() || !needed;
        say(&format!("{state:<8} {what:<11} {text}\n"));
        if found.is_err() {
            say(&format!("{:20} remedy: {remedy}\n", ""));
        }
    };
    match privilege::enter() {
        Err(refusal) => {
            tell("namespaces", true, &Err(refusal.cause()), refusal.remedy());
            let Probe { what, needed, found, remedy } = doctor::program("tshark");
            tell(what, needed, &found, remedy);
        }
        Ok(privilege) => {
            let how = match privilege {
                Privilege::Held => "with the capabilities that this process has",
                Privilege::UserNamespace => "in a user namespace of their own",
            };
            tell("namespaces", true, &Ok(how.to_owned()), "");
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let probes = runtime.map_err(Failure::broken)?.block_on(doctor::examine());
            for Probe { what, needed, found, remedy } in probes {
                tell(what, needed, &found, remedy);
            }
        }
    }
    say(if able {
        "scenarios can run here\n"
    } else {
        "scenarios cannot run on the kernel here, but on the simulator\n"
    });
    Ok(if able { 0 } else { UNSUPPORTED })
}
