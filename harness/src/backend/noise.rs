//! Drops the noise of IPv6 from what a backend has recorded, and counts it.

use crate::capture::noise::Noise;
use crate::plan::Plan;
use crate::recording::{Frame, Recording};

/// The recording without noise.
pub(super) fn without_noise(plan: &Plan, mut recording: Recording) -> Recording {
    let Some(noise) = Noise::of(plan) else { return recording };
    let frames = std::mem::take(&mut recording.frames);
    let (dropped, kept): (Vec<Frame>, Vec<Frame>) =
        frames.into_iter().partition(|frame| noise.is(&frame.bytes));
    recording.frames = kept;
    // Each frame once, at its sender.
    recording.unkept.noise += dropped.iter().filter(|frame| frame.outgoing).count() as u64;
    recording
}
