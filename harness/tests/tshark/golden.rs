//! The golden of the made-up run under `fixtures/`: its capture byte by byte, and its text.

use castnet_lab::capture::comments::Remarks;
use castnet_lab::capture::decode::decode;
use castnet_lab::capture::pcapng;
use libtest_mimic::Failed;

use super::made::synthetic;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures");

/// A change of the codec, of the words or of the capture's format shows up here as a diff, which
/// `cargo insta review` accepts.
pub(super) fn is_as_it_was() -> Result<(), Failed> {
    let (plan, recording) = synthetic();
    let mut capture = Vec::new();
    pcapng::write(&mut capture, &plan, &recording, &Remarks::default())?;
    let sent = recording.frames.iter().filter(|frame| frame.outgoing);
    let lines: Vec<String> = sent
        .map(|frame| {
            let what = decode(&frame.bytes).map_or("not IPv4".to_owned(), |p| p.to_string());
            let at = format!("{:.9}", frame.at);
            format!("{at:>14}  {:<6}  {what}", plan.port_name(frame.port))
        })
        .collect();
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_snapshot_path(format!("{FIXTURES}/traces/igmp"));
    settings.bind(|| insta::assert_snapshot!("every-message", lines.join("\n")));
    settings.set_snapshot_path(format!("{FIXTURES}/pcap/igmp"));
    settings.bind(|| insta::assert_binary_snapshot!("every-message.pcapng", capture));
    Ok(())
}
