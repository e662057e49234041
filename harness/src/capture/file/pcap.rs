//! The older format (draft-ietf-opsawg-pcap): one header, and then records.
//!
//! The largest length that the header announces is not believed: some tools write 0. A record of
//! any length is read, and so are fractions of more than a second.

use std::io::Read;
use std::time::Duration;

use super::{Broken, CapturedFrame, Octets, Order, link_type};

/// A variant of the format, by its first octets.
struct Variant {
    magic: u32,
    /// The nanoseconds of a unit of the stamps' fractions.
    unit: u64,
    /// Whether each record says more: its interface, its protocol, and whether it was sent. So
    /// wrote a modified libpcap (A. Kuznetzov) for Linux.
    is_modified: bool,
}

const VARIANTS: [Variant; 3] = [
    Variant { magic: 0xa1b2_c3d4, unit: 1000, is_modified: false },
    Variant { magic: 0xa1b2_3c4d, unit: 1, is_modified: false },
    Variant { magic: 0xa1b2_cd34, unit: 1000, is_modified: true },
];

/// The packet type of a record: from ourselves (`PACKET_OUTGOING`).
const OUTGOING: u8 = 4;

pub(super) fn read(
    mut file: Octets<impl Read>,
    mut see: impl FnMut(CapturedFrame) -> bool,
) -> Result<(), Broken> {
    let none = |why: &str| Broken::NotACapture(why.to_owned());
    let magic: [u8; 4] = file.array(0).map_err(|_| none("it is shorter than a header"))?;
    let orders = [true, false].map(|big| Order { big });
    let mut known = orders.into_iter().flat_map(|order| {
        let of = move |variant: &&Variant| variant.magic == order.u32(magic);
        VARIANTS.iter().find(of).map(|variant| (order, variant))
    });
    let Some((order, variant)) = known.next() else {
        let [a, b, c, d] = magic;
        return Err(none(&format!("it begins with {a:02x} {b:02x} {c:02x} {d:02x}")));
    };
    // Version, time zone, accuracy and largest length, which say nothing about the records.
    let _: [u8; 16] = file.array(0).map_err(|_| none("it is shorter than a header"))?;
    let link = file.array(0).map_err(|_| none("it is shorter than a header"))?;
    let link_type = link_type(order.u32(link));
    while !file.is_at_end()? {
        let at = file.at;
        let seconds = order.u32(file.array(at)?);
        let fraction = order.u32(file.array(at)?);
        let captured = order.u32(file.array(at)?);
        let original = order.u32(file.array(at)?);
        let mut outgoing = None;
        if variant.is_modified {
            let [_, _, _, _, _, _, packet_type, _]: [u8; 8] = file.array(at)?;
            outgoing = Some(packet_type == OUTGOING);
        }
        let bytes = file.take(captured.into(), at)?;
        let fraction = Duration::from_nanos(u64::from(fraction) * variant.unit);
        let shot = CapturedFrame {
            stamp: Some(Duration::from_secs(seconds.into()) + fraction),
            interface: "-".to_owned(),
            link_type,
            outgoing,
            original_len: original.max(captured) as usize,
            bytes,
            comments: Vec::new(),
        };
        if !see(shot) {
            break;
        }
    }
    Ok(())
}
