//! The frames of a capture file, of whatever tool: pcapng or pcap, one after the other.
//!
//! A file that breaks off yields every frame before the break, and then where it was.

use std::io::{self, BufRead, BufReader, Read};
use std::time::Duration;

use pcap_file::DataLink;
use pcap_file::pcap::{PcapReadError, PcapReader};
use pcap_file::pcapng::blocks::block_common::Block;
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::pcapng::{PcapNgReadError, PcapNgReader};

/// The first octets of a pcapng: the type of its section header.
const PCAPNG_MAGIC: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];

/// Octets of a pcap's header, and of each of its records' headers.
const PCAP_HEADER: u64 = 24;
const PCAP_RECORD_HEADER: u64 = 16;

/// A frame of the file.
pub(super) struct Shot {
    /// Since 1970; `None` in a block without a stamp.
    pub(super) stamp: Option<Duration>,
    /// The interface's name, or its number.
    pub(super) interface: String,
    pub(super) link_type: DataLink,
    pub(super) bytes: Vec<u8>,
}

/// Where reading ended before the end of the file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// The file ends in the middle of something that begins at this octet.
    Truncated(u64),
    /// At this octet stands something that no capture may have.
    Malformed(u64, String),
    /// It is no capture at all.
    NotACapture(String),
    /// The system could not read on.
    Io(String),
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Truncated(at) => write!(f, "it breaks off: what begins at octet {at} is cut"),
            Self::Malformed(at, why) => write!(f, "what stands at octet {at} is malformed: {why}"),
            Self::NotACapture(why) => write!(f, "it is neither pcapng nor pcap: {why}"),
            Self::Io(why) => f.write_str(why),
        }
    }
}

/// Hands each frame to `see`, until that returns false.
///
/// # Errors
/// Where reading ended before the end of the file.
pub(super) fn read(file: impl Read, see: impl FnMut(Shot) -> bool) -> Result<(), Broken> {
    let mut file = BufReader::new(file);
    let magic = file.fill_buf().map_err(|error| Broken::Io(error.to_string()))?;
    if magic.is_empty() {
        return Err(Broken::NotACapture("it is empty".to_owned()));
    }
    if magic.starts_with(&PCAPNG_MAGIC) { read_pcapng(file, see) } else { read_pcap(file, see) }
}

fn read_pcapng(file: impl Read, mut see: impl FnMut(Shot) -> bool) -> Result<(), Broken> {
    let mut reader = PcapNgReader::new(file).map_err(|error| in_pcapng(error, 0))?;
    let mut skipped = Ok(());
    loop {
        let at = reader.bytes_parsed();
        let (block, state) = match reader.next_block() {
            None => return skipped,
            Some(Ok(next)) => next,
            // The block has its length, so what follows it can be read.
            Some(Err(error @ PcapNgReadError::BlockConversion(_))) => {
                skipped = skipped.and(Err(in_pcapng(error, at)));
                match reader.next_raw_block() {
                    Some(Ok(_)) => continue,
                    _ => return skipped,
                }
            }
            Some(Err(error)) => return Err(in_pcapng(error, at)),
        };
        let (id, stamp, bytes) = match block {
            Block::EnhancedPacket(block) => (block.interface_id, Some(block.timestamp), block.data),
            Block::Packet(block) => (block.interface_id.into(), Some(block.timestamp), block.data),
            // They are of the section's first interface.
            Block::SimplePacket(block) => (0, None, block.data),
            _ => continue,
        };
        let interface = usize::try_from(id).ok().and_then(|id| state.interfaces().get(id));
        let link_type = interface.map_or(DataLink::NULL, |interface| interface.linktype);
        let interface = interface.and_then(name).unwrap_or_else(|| id.to_string());
        if !see(Shot { stamp, interface, link_type, bytes: bytes.into_owned() }) {
            return Ok(());
        }
    }
}

fn name(interface: &InterfaceDescriptionBlock<'_>) -> Option<String> {
    interface.options.iter().find_map(|option| match option {
        // A file of who knows whom, shown on a terminal.
        InterfaceDescriptionOption::IfName(name) => Some(name.replace(char::is_control, "?")),
        _ => None,
    })
}

fn read_pcap(file: impl Read, mut see: impl FnMut(Shot) -> bool) -> Result<(), Broken> {
    let mut reader = PcapReader::new(file).map_err(|error| Broken::NotACapture(because(&error)))?;
    let link_type = reader.header().datalink;
    let mut at = PCAP_HEADER;
    loop {
        let Some(next) = reader.next_packet() else { return Ok(()) };
        let packet = next.map_err(|error| match error {
            PcapReadError::Io(error) => in_file(&error, at),
            other => Broken::Malformed(at, other.to_string()),
        })?;
        let stamp = Some(packet.timestamp());
        let bytes = packet.into_data().into_owned();
        at += PCAP_RECORD_HEADER + bytes.len() as u64;
        // A pcap does not name its one interface.
        if !see(Shot { stamp, interface: "-".to_owned(), link_type, bytes }) {
            return Ok(());
        }
    }
}

fn in_pcapng(error: PcapNgReadError, at: u64) -> Broken {
    match error {
        PcapNgReadError::Io(error) => in_file(&error, at),
        other => Broken::Malformed(at, because(&other)),
    }
}

fn in_file(error: &io::Error, at: u64) -> Broken {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Broken::Truncated(at),
        _ => Broken::Io(error.to_string()),
    }
}

/// The error and what is behind it.
fn because(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(&format!(": {error}"));
        source = error.source();
    }
    text
}
