//! Reads the frames of a capture file of any tool: pcapng or pcap, one after the other.
//!
//! Either byte order, stamps of any resolution, several sections and interfaces. A file that breaks
//! off yields every frame before the break, and then the position of the break.

use std::io::{self, BufRead, BufReader, Read};
use std::time::Duration;

use pcap_file::pcap::{PcapReadError, PcapReader, PcapTsResolution};
use pcap_file::pcapng::blocks::block_common::Block;
use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketOption;
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption,
};
use pcap_file::pcapng::blocks::opt_common::CommonOption;
use pcap_file::pcapng::blocks::section_header::{SectionHeaderBlock, SectionHeaderOption};
use pcap_file::pcapng::{PcapNgReadError, PcapNgReader, PcapNgState};

use super::link::LinkType;

/// The first octets of a pcapng: the type of its section header.
const PCAPNG_MAGIC: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];

/// Octets of a pcap's header, and of each of its records' headers.
const PCAP_HEADER: u64 = 24;
const PCAP_RECORD_HEADER: u64 = 16;

/// The direction bits of `epb_flags`, and their values.
const DIRECTION: u32 = 3;
const INBOUND: u32 = 1;
const OUTBOUND: u32 = 2;

/// A frame of the file.
#[derive(Clone, Debug)]
pub struct CapturedFrame {
    /// Since 1970; `None` in a block without a stamp.
    pub stamp: Option<Duration>,
    /// The interface's name, or its number; `-` in a pcap, which does not name its one interface.
    pub interface: String,
    /// The link type, which says what the frame begins with.
    pub link_type: LinkType,
    /// Whether the interface sent it, if the file says so.
    pub outgoing: Option<bool>,
    /// The octets that were captured.
    pub bytes: Vec<u8>,
    /// Its whole length in octets.
    pub original_len: usize,
    /// The comments on the frame; the first frame of a section also has those on the section.
    pub comments: Vec<String>,
}

/// Where reading ended before the end of the file.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// The file ends within a structure that begins at this octet.
    #[error("it breaks off: what begins at octet {0} is cut")]
    Truncated(u64),
    /// The structure at this octet is invalid, for this reason.
    #[error("what stands at octet {0} is malformed: {1}")]
    Malformed(u64, String),
    /// The file is no capture.
    #[error("it is neither pcapng nor pcap: {0}")]
    NotACapture(String),
    /// The system failed to read on.
    #[error("{0}")]
    Io(String),
}

/// Hands each frame to `see`, until that returns false.
///
/// # Errors
/// Where reading ended before the end of the file.
pub fn read(file: impl Read, see: impl FnMut(CapturedFrame) -> bool) -> Result<(), Broken> {
    let mut file = BufReader::new(file);
    let magic = file.fill_buf().map_err(|error| Broken::Io(error.to_string()))?;
    if magic.is_empty() {
        return Err(Broken::NotACapture("it is empty".to_owned()));
    }
    if magic.starts_with(&PCAPNG_MAGIC) { read_pcapng(file, see) } else { read_pcap(file, see) }
}

fn read_pcapng(file: impl Read, mut see: impl FnMut(CapturedFrame) -> bool) -> Result<(), Broken> {
    let mut reader = PcapNgReader::new(file).map_err(|error| in_pcapng(error, 0))?;
    let mut skipped = Ok(());
    let mut of_section = section_comments(reader.section());
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
        if let Block::SectionHeader(header) = &block {
            of_section = section_comments(header);
        }
        if let Some(mut shot) = shot(block, state) {
            shot.comments.splice(..0, std::mem::take(&mut of_section));
            if !see(shot) {
                return Ok(());
            }
        }
    }
}

/// The frame of a block, if it holds one.
fn shot(block: Block<'_>, state: &PcapNgState) -> Option<CapturedFrame> {
    let (mut outgoing, mut comments) = (None, Vec::new());
    let (id, stamp, original_len, bytes) = match block {
        Block::EnhancedPacket(block) => {
            outgoing = block.options.iter().find_map(direction);
            comments.extend(block.options.iter().filter_map(|option| match option {
                EnhancedPacketOption::Common(option) => comment(option),
                _ => None,
            }));
            (block.interface_id, Some(block.timestamp), block.original_len, block.data)
        }
        Block::Packet(block) => {
            (block.interface_id.into(), Some(block.timestamp), block.original_len, block.data)
        }
        // Simple packets belong to the section's first interface.
        Block::SimplePacket(block) => (0, None, block.original_len, block.data),
        _ => return None,
    };
    let interface = usize::try_from(id).ok().and_then(|id| state.interfaces().get(id));
    Some(CapturedFrame {
        stamp,
        interface: interface.and_then(name).unwrap_or_else(|| id.to_string()),
        link_type: link_type(interface.map_or(u32::MAX, |interface| interface.linktype.into())),
        outgoing,
        original_len: (original_len as usize).max(bytes.len()),
        bytes: bytes.into_owned(),
        comments,
    })
}

fn section_comments(header: &SectionHeaderBlock<'_>) -> Vec<String> {
    let comments = header.options.iter().filter_map(|option| match option {
        SectionHeaderOption::Common(option) => comment(option),
        _ => None,
    });
    comments.collect()
}

fn comment(option: &CommonOption<'_>) -> Option<String> {
    match option {
        CommonOption::Comment(text) => Some(text.to_string()),
        _ => None,
    }
}

fn direction(option: &EnhancedPacketOption<'_>) -> Option<bool> {
    let EnhancedPacketOption::Flags(flags) = option else { return None };
    match flags & DIRECTION {
        INBOUND => Some(false),
        OUTBOUND => Some(true),
        _ => None,
    }
}

fn name(interface: &InterfaceDescriptionBlock<'_>) -> Option<String> {
    interface.options.iter().find_map(|option| match option {
        // A name from an untrusted file, which a terminal will show.
        InterfaceDescriptionOption::IfName(name) => Some(name.replace(char::is_control, "?")),
        _ => None,
    })
}

/// The upper half of a pcap's link type describes the frame check sequence.
#[allow(clippy::cast_possible_truncation, reason = "the lower half is meant")]
const fn link_type(number: u32) -> LinkType {
    LinkType(number as u16)
}

fn read_pcap(file: impl Read, mut see: impl FnMut(CapturedFrame) -> bool) -> Result<(), Broken> {
    let mut reader = PcapReader::new(file).map_err(|error| Broken::NotACapture(because(&error)))?;
    let header = reader.header();
    let mut at = PCAP_HEADER;
    loop {
        // The raw one: some tools write a largest length of 0, or fractions of more than a second.
        let Some(next) = reader.next_raw_packet() else { return Ok(()) };
        let packet = next.map_err(|error| match error {
            PcapReadError::Io(error) => in_file(&error, at),
            other => Broken::Malformed(at, because(&other)),
        })?;
        let fraction = match header.ts_resolution {
            PcapTsResolution::MicroSecond => Duration::from_micros(packet.ts_frac.into()),
            PcapTsResolution::NanoSecond => Duration::from_nanos(packet.ts_frac.into()),
        };
        let bytes = packet.data.into_owned();
        at += PCAP_RECORD_HEADER + bytes.len() as u64;
        let shot = CapturedFrame {
            stamp: Some(Duration::from_secs(packet.ts_sec.into()) + fraction),
            interface: "-".to_owned(),
            link_type: link_type(header.datalink.into()),
            outgoing: None,
            original_len: (packet.orig_len as usize).max(bytes.len()),
            bytes,
            comments: Vec::new(),
        };
        if !see(shot) {
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

/// The error and its causes.
fn because(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(&format!(": {error}"));
        source = error.source();
    }
    text
}
