//! The newer format (draft-ietf-opsawg-pcapng): sections of blocks, and options within them.
//!
//! Strings that are not UTF-8 are repaired, an option of a wrong length is ignored, and neither
//! costs the frame. A block whose own numbers contradict its length is lost and counted; the block
//! behind it is read. Of statistics only the dropped frames count. Blocks of other types are passed
//! over, whatever is in them.

use std::io::Read;

use super::interface::{Drops, Interface};
use super::{Broken, CapturedFrame, Octets, Order, Reading, link_type};
use crate::printable;

/// The first octets: the type of a section header, which is the same in either byte order.
pub(super) const MAGIC: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];

/// Other types of blocks.
const INTERFACE: u32 = 1;
const PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const STATISTICS: u32 = 5;
const ENHANCED_PACKET: u32 = 6;

/// The number that shows the byte order of a section.
const BYTE_ORDER: u32 = 0x1a2b_3c4d;

/// The major version that is read.
const VERSION: u16 = 1;

/// Octets of a block's type and its two lengths.
const AROUND: u32 = 12;

/// Options: of every block, of packets, and of interfaces.
const END: u16 = 0;
const COMMENT: u16 = 1;
const FLAGS: u16 = 2;
const DROPCOUNT: u16 = 4;
const IF_NAME: u16 = 2;
const IF_TSRESOL: u16 = 9;
const IF_TSOFFSET: u16 = 14;

/// Options of statistics: what the interface dropped for lack of room, and what the system did.
const IFDROP: u16 = 5;
const OSDROP: u16 = 7;

/// The obsolete block's number of dropped frames, if it is not known.
const UNKNOWN_DROPS: u16 = 0xffff;

/// The direction bits of the flags, and their values.
const DIRECTION: u32 = 3;
const INBOUND: u32 = 1;
const OUTBOUND: u32 = 2;

/// How many names of interfaces are kept.
const NAMED: usize = 1000;

/// What has been read of the section so far.
struct Section {
    order: Order,
    /// `None` for one whose block could not be read: the others keep their numbers.
    interfaces: Vec<Option<Interface>>,
    /// Comments on the section, until its first frame takes them.
    comments: Vec<String>,
}

pub(super) fn read(
    mut file: Octets<impl Read>,
    reading: &mut Reading,
    mut see: impl FnMut(CapturedFrame) -> bool,
) -> Result<(), Broken> {
    let order = Order { big: true };
    let mut section = Section { order, interfaces: Vec::new(), comments: Vec::new() };
    while !file.is_at_end()? {
        let at = file.at;
        let kind: [u8; 4] = file.array(at)?;
        let length: [u8; 4] = file.array(at)?;
        if kind == MAGIC {
            section = header(&mut file, at, length, reading)?;
            continue;
        }
        let body = body(&mut file, at, section.order.u32(length), 0, section.order, reading)?;
        let mut block = Block { body: &body, order: section.order, at, reading };
        match section.order.u32(kind) {
            INTERFACE => section.interfaces.push(block.interface()),
            kind @ (PACKET | SIMPLE_PACKET | ENHANCED_PACKET) => {
                match block.shot(kind, &mut section.interfaces) {
                    Err(why) => reading.lose(at, why),
                    Ok(mut shot) => {
                        shot.comments.splice(..0, std::mem::take(&mut section.comments));
                        if !see(shot) {
                            return Ok(());
                        }
                    }
                }
            }
            STATISTICS => block.statistics(&mut section.interfaces),
            _ => {}
        }
    }
    Ok(())
}

/// A section header, of which type and length have been read.
fn header(
    file: &mut Octets<impl Read>,
    at: u64,
    length: [u8; 4],
    reading: &mut Reading,
) -> Result<Section, Broken> {
    let magic: [u8; 4] = file.array(at)?;
    let orders = [true, false].map(|big| Order { big });
    let order = orders.into_iter().find(|order| order.u32(magic) == BYTE_ORDER);
    let order = order
        .ok_or_else(|| Broken::Malformed(at, "a section header without a byte order".to_owned()))?;
    let body = body(file, at, order.u32(length), 4, order, reading)?;
    // A section of another version would be laid out in an unknown way.
    if let Some(&[a, b, c, d, ..]) = body.first_chunk::<4>()
        && order.u16([a, b]) != VERSION
    {
        let version = format!("{}.{}", order.u16([a, b]), order.u16([c, d]));
        return Err(Broken::Malformed(
            at,
            format!("a section of version {version}, not {VERSION}"),
        ));
    }
    // Version and length of the section come before the options.
    let options = body.get(12..).unwrap_or_else(|| {
        reading.ignore(at, "a section header that is too short");
        &[]
    });
    let mut comments = Vec::new();
    let mut block = Block { body: options, order, at, reading };
    for (code, value) in block.options(options) {
        if code == COMMENT {
            comments.push(text(value));
        }
    }
    Ok(Section { order, interfaces: Vec::new(), comments })
}

/// The body of a block, of which `read` octets behind its length have been read.
fn body(
    file: &mut Octets<impl Read>,
    at: u64,
    length: u32,
    read: u32,
    order: Order,
    reading: &mut Reading,
) -> Result<Vec<u8>, Broken> {
    let malformed = || Broken::Malformed(at, format!("a block of {length} octets"));
    let body = length.checked_sub(AROUND + read).ok_or_else(malformed)?;
    let body = file.take(body.into(), at)?;
    let is_confirmed = order.u32(file.array(at)?) == length;
    match length.is_multiple_of(4) {
        true if is_confirmed => {}
        true => reading.ignore(at, "a block's second length that is not its first"),
        // A writer that does not pad; or it is no length at all.
        false if is_confirmed => reading.ignore(at, "a block's length that is no multiple of 4"),
        false => return Err(malformed()),
    }
    Ok(body)
}

/// A block, and where to say what is wrong with it.
struct Block<'a> {
    body: &'a [u8],
    order: Order,
    at: u64,
    reading: &'a mut Reading,
}

impl Block<'_> {
    /// Codes and values of the options up to their end.
    fn options<'b>(&mut self, mut rest: &'b [u8]) -> Vec<(u16, &'b [u8])> {
        let mut options = Vec::new();
        while let Some((&[a, b, c, d], behind)) = rest.split_first_chunk() {
            let (code, length) = (self.order.u16([a, b]), self.order.u16([c, d]).into());
            if code == END {
                return options;
            }
            let Some(value) = behind.get(..length) else {
                self.reading.ignore(self.at, "an option that is longer than its block");
                return options;
            };
            options.push((code, value));
            rest = behind.get(length.next_multiple_of(4)..).unwrap_or_default();
        }
        options
    }

    /// The number that an option holds, if it has the length of such a number.
    fn exact<const N: usize>(&mut self, value: &[u8], what: &'static str) -> Option<[u8; N]> {
        let exact = value.try_into().ok();
        if exact.is_none() {
            self.reading.ignore(self.at, what);
        }
        exact
    }

    fn interface(&mut self) -> Option<Interface> {
        let Some((&[a, b, _, _, c, d, e, f], options)) = self.body.split_first_chunk() else {
            self.reading.ignore(self.at, "an interface whose block is too short");
            return None;
        };
        let mut interface = Interface {
            name: None,
            link_type: link_type(self.order.u16([a, b]).into()),
            snap_len: self.order.u32([c, d, e, f]),
            resolution: 6,
            offset: 0,
            drops: Drops::default(),
        };
        for (code, value) in self.options(options) {
            match code {
                IF_NAME => {
                    let name = printable::line(&text(value)).into_owned();
                    if self.reading.interfaces.len() < NAMED
                        && !self.reading.interfaces.contains(&name)
                    {
                        self.reading.interfaces.push(name.clone());
                    }
                    interface.name.get_or_insert(name);
                }
                IF_TSRESOL => {
                    let exact = self.exact(value, "if_tsresol of a wrong length");
                    interface.resolution = exact.map_or(interface.resolution, |[octet]| octet);
                }
                IF_TSOFFSET => {
                    let exact = self.exact(value, "if_tsoffset of a wrong length");
                    interface.offset = exact.map_or(interface.offset, |n| self.order.i64(n));
                }
                _ => {}
            }
        }
        Some(interface)
    }

    /// The frame of the block, or why it is lost.
    fn shot(
        &mut self,
        kind: u32,
        interfaces: &mut [Option<Interface>],
    ) -> Result<CapturedFrame, String> {
        let short = || format!("a packet block of {} octets", self.body.len());
        let mut dropped = 0;
        let (numbers, octets) = match kind {
            SIMPLE_PACKET => {
                let (original, octets) = self.body.split_first_chunk::<4>().ok_or_else(short)?;
                ((0, None, None, self.order.u32(*original)), octets)
            }
            _ => {
                let (head, octets) = self.body.split_first_chunk::<20>().ok_or_else(short)?;
                let number =
                    |n: usize| self.order.u32([head[n], head[n + 1], head[n + 2], head[n + 3]]);
                let id = match kind {
                    PACKET => self.order.u16([head[0], head[1]]).into(),
                    _ => number(0),
                };
                if kind == PACKET {
                    // The obsolete block has the count in the other half of this number.
                    let count = self.order.u16([head[2], head[3]]);
                    dropped = if count == UNKNOWN_DROPS { 0 } else { count.into() };
                }
                let stamp = u64::from(number(4)) << 32 | u64::from(number(8));
                ((id, Some(stamp), Some(number(12)), number(16)), octets)
            }
        };
        let (id, stamp, captured, original) = numbers;
        let interface = usize::try_from(id).ok().and_then(|id| interfaces.get_mut(id)?.as_mut());
        let interface =
            interface.ok_or_else(|| format!("interface {id} of the packet is not described"))?;
        // The length of a simple packet follows from the interface's limit.
        let limit = if interface.snap_len == 0 { u32::MAX } else { interface.snap_len };
        let simple = || (original.min(limit) as usize).min(octets.len());
        let captured = captured.map_or_else(simple, |captured| captured as usize);
        let bytes = match octets.get(..captured) {
            Some(bytes) => bytes,
            None if octets.len() as u64 + 20 >= super::KEPT => octets,
            None => {
                let room = octets.len();
                return Err(format!("{captured} octets of a packet announced, room for {room}"));
            }
        };
        let options = octets.get(captured.next_multiple_of(4)..).unwrap_or_default();
        let options = if stamp.is_some() { options } else { &[] };
        let Remarks { outgoing, comments, dropped: told } = self.remarks(options);
        interface.drops.add(told.max(dropped), self.reading);
        let stamp = stamp.and_then(|stamp| {
            let since = interface.since_1970(stamp);
            if since.is_none() {
                self.reading.ignore(self.at, "a stamp from before 1970");
            }
            since
        });
        Ok(CapturedFrame {
            stamp,
            interface: interface.name.clone().unwrap_or_else(|| id.to_string()),
            link_type: interface.link_type,
            outgoing,
            bytes: bytes.to_vec(),
            original_len: (original as usize).max(captured),
            comments,
        })
    }

    fn remarks(&mut self, options: &[u8]) -> Remarks {
        let mut remarks = Remarks::default();
        for (code, value) in self.options(options) {
            match code {
                COMMENT => remarks.comments.push(text(value)),
                FLAGS => {
                    let flags = self.exact(value, "a packet's flags of a wrong length");
                    let direction = flags.and_then(|flags| direction(self.order.u32(flags)));
                    remarks.outgoing = remarks.outgoing.or(direction);
                }
                DROPCOUNT => {
                    let count = self.exact(value, "a packet's drop count of a wrong length");
                    remarks.dropped = count.map_or(0, |count| self.order.u64(count));
                }
                _ => {}
            }
        }
        remarks
    }

    /// Counts what the interface has dropped since the capture began.
    fn statistics(&mut self, interfaces: &mut [Option<Interface>]) {
        let Some((&[a, b, c, d, ..], options)) = self.body.split_first_chunk::<12>() else {
            return self.reading.ignore(self.at, "statistics whose block is too short");
        };
        let mut total = 0_u64;
        for (code, value) in self.options(options) {
            if matches!(code, IFDROP | OSDROP) {
                let count = self.exact(value, "statistics of a wrong length");
                total = total.saturating_add(count.map_or(0, |count| self.order.u64(count)));
            }
        }
        let id = usize::try_from(self.order.u32([a, b, c, d])).ok();
        match id.and_then(|id| interfaces.get_mut(id)?.as_mut()) {
            Some(interface) => interface.drops.raise(total, self.reading),
            None => {
                self.reading.ignore(self.at, "statistics of an interface that is not described")
            }
        }
    }
}

/// What the options of a packet say.
#[derive(Default)]
struct Remarks {
    outgoing: Option<bool>,
    comments: Vec<String>,
    /// Frames that were dropped between the interface's last packet and this one.
    dropped: u64,
}

const fn direction(flags: u32) -> Option<bool> {
    match flags & DIRECTION {
        INBOUND => Some(false),
        OUTBOUND => Some(true),
        _ => None,
    }
}

/// A string of an option, which some tools end with a zero octet and some write in Latin-1.
fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value).trim_end_matches('\0').to_owned()
}
