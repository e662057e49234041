//! A run as one pcapng: an interface block per port, each frame once, at the port that sent it.
//!
//! Time stamps are nanoseconds since 1970. The file depends only on the recording and the remarks,
//! so equal ones make equal files.

use std::borrow::Cow;
use std::io::{self, Write};

use castnet::time::Instant;
use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption, InterfaceTsResolution,
};
use pcap_file::pcapng::blocks::opt_common::CommonOption;
use pcap_file::pcapng::blocks::section_header::{SectionHeaderBlock, SectionHeaderOption};
use pcap_file::{DataLink, Endianness};

use super::comments::{Comments, Remarks};
use crate::plan::Plan;
use crate::recording::Recording;

/// The direction bits of `epb_flags`: the interface sent it.
const OUTBOUND: u32 = 2;

/// Writes the recording, with the acts of the run and the remarks on it as comments.
///
/// # Errors
/// Errors of the writer.
pub fn write(
    out: impl Write,
    plan: &Plan,
    recording: &Recording,
    remarks: &Remarks,
) -> io::Result<()> {
    let Comments { section, mut frames } = Comments::new(plan, recording, remarks);
    let program = concat!("castnet ", env!("CARGO_PKG_VERSION"));
    let mut options = vec![SectionHeaderOption::UserApplication(program.into())];
    if !recording.kernel.is_empty() {
        options.push(SectionHeaderOption::OS(recording.kernel.as_str().into()));
    }
    options.extend(section.into_iter().map(|text| SectionHeaderOption::Common(comment(text))));
    let header =
        SectionHeaderBlock { endianness: Endianness::default(), options, ..Default::default() };
    let mut writer = PcapNgWriter::with_section_header(out, header).map_err(io::Error::other)?;
    for port in 0..plan.ports.len() {
        let options = vec![
            InterfaceDescriptionOption::IfName(plan.port_name(port).into()),
            InterfaceDescriptionOption::IfTsResol(InterfaceTsResolution::NANO),
        ];
        let block = InterfaceDescriptionBlock { linktype: DataLink::ETHERNET, snaplen: 0, options };
        writer.write_pcapng_block(block).map_err(io::Error::other)?;
    }
    let sent = recording.frames.iter().enumerate().filter(|(_, frame)| frame.outgoing);
    for (position, frame) in sent {
        let mut options = vec![EnhancedPacketOption::Flags(OUTBOUND)];
        let comments = frames.remove(&position).unwrap_or_default();
        options.extend(comments.into_iter().map(|t| EnhancedPacketOption::Common(comment(t))));
        let block = EnhancedPacketBlock {
            interface_id: u32::try_from(frame.port).map_err(io::Error::other)?,
            timestamp: recording.epoch + frame.at.since(Instant::ZERO),
            original_len: u32::try_from(frame.original_len).map_err(io::Error::other)?,
            data: Cow::Borrowed(&frame.bytes),
            options,
        };
        writer.write_pcapng_block(block).map_err(io::Error::other)?;
    }
    writer.into_inner().flush()
}

fn comment(text: String) -> CommonOption<'static> {
    CommonOption::Comment(text.into())
}
