//! The older format (draft-ietf-opsawg-pcap): one header, and then records.
//!
//! The largest length that the header announces is not believed: some tools write 0. A record of
//! any length is read, and so are fractions of more than a second.

use std::io::Read;
use std::time::Duration;

use super::{Broken, CapturedFrame, Octets, Order, link_type};

/// The first octets, by byte order, and the nanoseconds of a unit of the stamps' fractions.
const MAGICS: [([u8; 4], bool, u64); 4] = [
    ([0xa1, 0xb2, 0xc3, 0xd4], true, 1000),
    ([0xd4, 0xc3, 0xb2, 0xa1], false, 1000),
    ([0xa1, 0xb2, 0x3c, 0x4d], true, 1),
    ([0x4d, 0x3c, 0xb2, 0xa1], false, 1),
];

pub(super) fn read(
    mut file: Octets<impl Read>,
    mut see: impl FnMut(CapturedFrame) -> bool,
) -> Result<(), Broken> {
    let none = |why: &str| Broken::NotACapture(why.to_owned());
    let magic: [u8; 4] = file.array(0).map_err(|_| none("it is shorter than a header"))?;
    let known = MAGICS.iter().find(|(octets, ..)| *octets == magic);
    let Some(&(_, big, unit)) = known else {
        let [a, b, c, d] = magic;
        return Err(none(&format!("it begins with {a:02x} {b:02x} {c:02x} {d:02x}")));
    };
    let order = Order { big };
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
        let bytes = file.take(captured.into(), at)?;
        let fraction = Duration::from_nanos(u64::from(fraction) * unit);
        let shot = CapturedFrame {
            stamp: Some(Duration::from_secs(seconds.into()) + fraction),
            interface: "-".to_owned(),
            link_type,
            outgoing: None,
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
