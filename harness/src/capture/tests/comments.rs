//! What the file says beside its frames.

use castnet::time::Seconds;
use pcap_file::pcapng::blocks::opt_common::CommonOption;
use pcap_file::pcapng::blocks::section_header::SectionHeaderOption;

use super::*;
use crate::capture::comments::Mark;

const ACTS: &str = r#"
[[act]]
at = "0s"
join = { who = "h1", group = "239.1.1.1" }
[[act]]
at = "0s"
name = "send"
send = { who = "s1", group = "239.1.1.1", rate = "1pps" }
[[act]]
at = "900ms"
name = "stop"
stop = { who = "s1" }
"#;

/// The run with acts that were done at these times, in nanoseconds.
fn acted(done: [Option<u64>; 3]) -> (Plan, Recording) {
    let (_, mut recording) = run();
    let plan = compile("two-links.toml", &format!("{SCENARIO}{ACTS}")).unwrap();
    recording.acts = done.map(|at| at.map(Instant::from_nanos)).into();
    (plan, recording)
}

/// The comments on the file, and those on each of its frames.
fn comments(plan: &Plan, recording: &Recording, remarks: &Remarks) -> (Vec<String>, Vec<String>) {
    let mut bytes = Vec::new();
    pcapng::write(&mut bytes, plan, recording, remarks).unwrap();
    let mut reader = PcapNgReader::new(bytes.as_slice()).unwrap();
    let of_file = reader.section().options.iter().filter_map(|option| match option {
        SectionHeaderOption::Common(CommonOption::Comment(text)) => Some(text.to_string()),
        SectionHeaderOption::UserApplication(program) => {
            assert!(program.starts_with("castnet "), "{program}");
            None
        }
        other => panic!("{other:?}"),
    });
    let of_file = of_file.collect();
    let mut of_frames = Vec::new();
    while let Some(block) = reader.next_block() {
        let Block::EnhancedPacket(packet) = block.unwrap().0 else { continue };
        let comments = packet.options.iter().filter_map(|option| match option {
            EnhancedPacketOption::Common(CommonOption::Comment(text)) => Some(text.to_string()),
            _ => None,
        });
        of_frames.push(comments.collect::<Vec<_>>().join(" | "));
    }
    (of_file, of_frames)
}

#[test]
fn the_file_says_which_run_it_is_and_how_it_came_out() {
    let (plan, recording) = run();
    let remarks = Remarks { verdict: "FAIL".to_owned(), marks: Vec::new() };
    let (of_file, of_frames) = comments(&plan, &recording, &remarks);
    let version = env!("CARGO_PKG_VERSION");
    let run = format!("FAIL on none, seed 1, castnet {version}");
    let zero = format!("time zero {} since 1970", Seconds(recording.epoch, 9));
    assert_eq!(of_file, ["two-links: Two links".to_owned(), run, zero]);
    assert_eq!(of_frames, ["", "", ""]);
}

#[test]
fn an_act_stands_at_the_first_frame_that_is_not_before_it() {
    // Frames leave at 0, at 1_000_000_001 and at 4_294_967_296 ns.
    let (plan, recording) = acted([Some(0), Some(1), Some(1_000_000_001)]);
    let (_, of_frames) = comments(&plan, &recording, &Remarks::default());
    let expected = [
        "act at 0.000000 s: h1 joins 239.1.1.1",
        "act at 0.000000 s: s1 sends to 239.1.1.1 (send) | act at 1.000000 s: s1 stops (stop)",
        "",
    ];
    assert_eq!(of_frames, expected);
}

#[test]
fn no_act_is_left_out() {
    let (plan, recording) = acted([None, Some(1_000_000_002), Some(5_000_000_000)]);
    let (_, of_frames) = comments(&plan, &recording, &Remarks::default());
    let expected = [
        "act not done: h1 joins 239.1.1.1",
        "",
        "act at 1.000000 s: s1 sends to 239.1.1.1 (send) | \
         after this frame: act at 5.000000 s: s1 stops (stop)",
    ];
    assert_eq!(of_frames, expected);
    let (plan, mut recording) = acted([Some(0), Some(0), Some(0)]);
    recording.frames.clear();
    let (of_file, _) = comments(&plan, &recording, &Remarks::default());
    assert_eq!(of_file.len(), 6);
    assert_eq!(of_file[5], "act at 0.000000 s: s1 stops (stop)");
}

#[test]
fn what_is_wrong_stands_at_the_frame_where_it_was_sent() {
    let (plan, recording) = run();
    let mark = |nanos, text: &str| Mark { at: Instant::from_nanos(nanos), text: text.to_owned() };
    // h1 received the second frame a nanosecond after it was sent.
    let marks = vec![mark(1_000_000_002, "wrong"), mark(2_000_000_000, "of no frame")];
    let remarks = Remarks { verdict: String::new(), marks };
    let (_, of_frames) = comments(&plan, &recording, &remarks);
    assert_eq!(of_frames, ["", "wrong", "of no frame"]);
}

#[test]
fn what_is_longer_than_the_format_allows_is_cut() {
    let (plan, recording) = run();
    let mark = Mark { at: Instant::ZERO, text: "\u{e9}".repeat(70_000) };
    let remarks = Remarks { verdict: String::new(), marks: vec![mark] };
    let (_, of_frames) = comments(&plan, &recording, &remarks);
    assert_eq!(of_frames[0].len(), 4096 + " ...".len());
}
