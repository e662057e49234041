//! `castnet doctor`

use castnet_lab::lab::doctor::{self, Probe};
use castnet_lab::lab::privilege::{self, Privilege};
use clap::Args;
use serde::Serialize;

use super::{Ending, Failure, UNSUPPORTED, say, say_document};

/// The version of the shape of what `--json` prints.
const SCHEMA: u32 = 1;

#[derive(Args)]
pub(super) struct DoctorArgs {
    /// Print one JSON document on standard output, and nothing else.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Document {
    schema: u32,
    /// Whether scenarios can run on the kernel here.
    able: bool,
    examined: Vec<Row>,
}

/// One check of the machine.
#[derive(Serialize)]
struct Row {
    what: &'static str,
    found: bool,
    /// Whether no scenario can run on the kernel without it.
    needed: bool,
    /// What was found, or why it is missing.
    why: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

/// Exit code 3 if no scenario can run here.
pub(super) fn doctor(args: &DoctorArgs) -> Ending {
    let examined = examine()?;
    let able = examined.iter().all(|row| row.found || !row.needed);
    let code = if able { 0 } else { UNSUPPORTED };
    if args.json {
        let document = Document { schema: SCHEMA, able, examined };
        say_document(&document)?;
        return Ok(code);
    }
    examined.iter().for_each(|row| say(&row.text()));
    say(if able {
        "scenarios can run here\n"
    } else {
        "scenarios cannot run on the kernel here, but on the simulator\n"
    });
    Ok(code)
}

fn examine() -> Result<Vec<Row>, Failure> {
    let namespaces = |found, remedy| Row::new("namespaces", true, found, remedy);
    match privilege::enter() {
        Err(refusal) => Ok(vec![
            namespaces(Err(refusal.cause()), refusal.remedy()),
            Row::of(doctor::program("tshark")),
        ]),
        Ok(privilege) => {
            let how = match privilege {
                Privilege::Held => "with the capabilities that this process has",
                Privilege::UserNamespace => "in a user namespace of their own",
            };
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let probes = runtime.map_err(Failure::broken)?.block_on(doctor::examine());
            let first = namespaces(Ok(how.to_owned()), "");
            Ok(std::iter::once(first).chain(probes.into_iter().map(Row::of)).collect())
        }
    }
}

impl Row {
    fn new(what: &'static str, needed: bool, found: Result<String, String>, remedy: &str) -> Self {
        let remedy = found.is_err().then(|| remedy.to_owned());
        let (found, why) = match found {
            Ok(how) => (true, how),
            Err(why) => (false, why),
        };
        Self { what, found, needed, why, remedy }
    }

    fn of(Probe { what, needed, found, remedy }: Probe) -> Self {
        Self::new(what, needed, found, remedy)
    }

    fn text(&self) -> String {
        let state = match (self.found, self.needed) {
            (true, _) => "ok",
            (false, true) => "MISSING",
            (false, false) => "missing",
        };
        let line = format!("{state:<8} {:<11} {}\n", self.what, self.why);
        let remedy = self.remedy.as_ref().map(|remedy| format!("{:20} remedy: {remedy}\n", ""));
        line + &remedy.unwrap_or_default()
    }
}
