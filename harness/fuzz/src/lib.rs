//! What the targets about captures do with a file and with a frame: all that `castnet show` does.

use castnet::addr::Family;
use castnet_lab::capture::file::{CapturedFrame, read};
use castnet_lab::capture::inspected::InspectedFrame;

/// Reads the file and shows each of its frames.
///
/// # Panics
/// If a frame or a remark is shown without words.
pub fn show(file: &[u8]) {
    let mut frames = 0;
    let reading = read(file, |frame| {
        frames += 1;
        show_frame(&frame);
        true
    });
    assert!(reading.remarks(frames).iter().all(|remark| !remark.is_empty()));
}

/// Shows the frame, and lists what of it would be compared.
///
/// # Panics
/// If the frame is shown without words.
pub fn show_frame(frame: &CapturedFrame) {
    let seen = InspectedFrame::of(frame);
    assert!(!seen.to_string().is_empty());
    assert!(!seen.fields().is_empty());
    for family in [Family::V4, Family::V6] {
        _ = (seen.is_gmp_of(family), seen.hides(family));
    }
}
