//! `castnet explain`

use std::path::PathBuf;

use castnet_lab::capture::file::{Broken, read};
use castnet_lab::explain::Explainer;
use clap::Args;

use super::show::open;
use super::{Ending, FAILED, Failure, complain, say, say_json};

/// What `castnet explain --help` teaches below the options.
const HELP: &str = "\
Faults are what ends or prevents delivery, reckoned by the RFCs from what the link's querier announces \
or does: a querier that fell silent, a membership that was over, a host that does not answer, a TTL of 1, \
a stream that a router does not forward, a host that asks on the wrong interface. Everything else is a note. \
All times count from the first frame, and each finding names the frame that shows it. Each interface is a \
link of its own, and so is each VLAN. What is on other links than those of the capture cannot be told.

Examples:
  castnet explain stall.pcap
  tcpdump -i any -w - 'igmp or icmp6 or multicast' | castnet explain -
  castnet explain stall.pcapng.gz --json | jq '.findings[] | select(.is_fault)'";

#[derive(Args)]
#[command(after_help = HELP)]
pub(super) struct ExplainArgs {
    /// A capture of any tool, pcapng or pcap, also of gzip; - is standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Print one JSON document: `links` with what was seen, `findings`; times in seconds.
    #[arg(long)]
    json: bool,
}

/// Exit code 1 if the file could not be read to its end; what is found does not matter.
pub(super) fn explain(args: &ExplainArgs) -> Ending {
    let named = |what: &dyn ToString| format!("{}: {}", args.file.display(), what.to_string());
    let file = open(&args.file).map_err(|error| Failure::usage(named(&error)))?;
    let mut explainer = Explainer::default();
    let mut frames = 0;
    let reading = read(file, |captured| {
        frames += 1;
        explainer.add(&captured);
        true
    });
    if let Err(broken @ Broken::NotACapture(_)) = &reading.ended {
        return Err(Failure::usage(named(broken)));
    }
    let explained = explainer.finish();
    if args.json {
        let document = serde_json::to_string_pretty(&explained).map_err(Failure::broken)?;
        say_json(&format!("{document}\n"));
    } else {
        say(&explained.to_string());
    }
    for remark in reading.remarks(frames) {
        complain(&named(&remark));
    }
    if frames == 0 {
        complain(&named(&"it has no frames"));
    }
    Ok(if reading.is_whole() && frames > 0 { 0 } else { FAILED })
}
