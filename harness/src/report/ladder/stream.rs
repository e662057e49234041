//! Datagrams of one stream in one row: how many, how fast, and the longest time without any.

use std::time::Duration;

use castnet::time::Seconds;

use super::draw::Stamps;
use crate::capture::decode::{Content, Datagram, Packet};

/// Whether the packet may change who gets a stream.
pub(super) const fn is_control(packet: &Packet) -> bool {
    match &packet.content {
        Content::Gmp(_) | Content::BadGmp(_) => true,
        Content::Other(other) => other.is_control,
        Content::Data(_) => false,
    }
}

/// Datagrams with an equal key, one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Train {
    /// Where they come from and go to, and what became of them.
    pub(super) key: String,
    count: usize,
    from: i64,
    until: i64,
    /// The longest time without a datagram, in nanoseconds, and when it began.
    gap: (i64, i64),
    /// The last sequence number of RTP, and how many are missing before it.
    rtp: Option<(u16, u64)>,
}

impl Train {
    /// The train that begins with this packet, if it is a datagram; what became of it is a part of
    /// the key.
    pub(super) fn of(packet: Option<&Packet>, at: i64, fared: &str) -> Option<Self> {
        let Packet { source, destination, content, .. } = packet?;
        let (stream, rtp) = match content {
            Content::Data(number) => (format!(" stream {}", number.stream), None),
            // A flow of another tool's: source, group and port.
            Content::Other(other) => {
                let Datagram { name, to, rtp, .. } = other.datagram?;
                (format!(":{to} {name}"), rtp)
            }
            _ => return None,
        };
        let key = format!("{source} > {destination}{stream}{fared}");
        let rtp = rtp.map(|sequence| (sequence, 0));
        Some(Self { key, count: 1, from: at, until: at, gap: (0, at), rtp })
    }

    /// Adds the next datagram.
    pub(super) fn add(&mut self, next: &Self) {
        let gap = next.from - self.until;
        if gap > self.gap.0 {
            self.gap = (gap, self.until);
        }
        self.rtp = self.rtp.zip(next.rtp).map(|((last, missing), (sequence, _))| {
            // Half of all numbers lie ahead (RFC 3550 appendix A.1); one from behind was late.
            match sequence.wrapping_sub(last) {
                0 => (last, missing),
                ahead @ 1..0x8000 => (sequence, missing + u64::from(ahead) - 1),
                _ => (last, missing.saturating_sub(1)),
            }
        });
        (self.count, self.until) = (self.count + 1, self.until.max(next.from));
    }

    /// Whether it is more than one datagram.
    pub(super) const fn is_sum(&self) -> bool {
        self.count > 1
    }

    /// `10.0.1.2 > 239.1.1.1 stream 0 x 40 until 4.900000 s, 10.0 pps, longest gap 0.100 s at 1.0 s`
    pub(super) fn text(&self, stamps: &dyn Stamps) -> String {
        let Self { key, count, from, until, gap, rtp } = self;
        let mut text = format!("{key} x {count} until {}", stamps.moment(*until));
        let length = Duration::from_nanos(until.abs_diff(*from)).as_secs_f64();
        if *count > 2 && length > 0.0 {
            #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
            let rate = (*count - 1) as f64 / length;
            let longest = Seconds(Duration::from_nanos(gap.0.unsigned_abs()), 3);
            let began = stamps.moment(gap.1);
            text.push_str(&format!(", {rate:.1} pps, longest gap {longest} at {began}"));
        }
        if let Some((_, missing @ 1..)) = rtp {
            text.push_str(&format!(", {missing} missing by RTP's numbers"));
        }
        text
    }
}
