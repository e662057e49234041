//! A run as one pcapng: an interface block per port, each frame once, at the port that sent it.
//!
//! Time stamps are nanoseconds since 1970. The file depends on the recording alone, so equal
//! recordings make equal files.

use std::borrow::Cow;
use std::io::{self, Write};

use castnet::time::Instant;
use pcap_file::DataLink;
use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption, InterfaceTsResolution,
};

use crate::plan::Plan;
use crate::recording::Recording;

/// The direction bits of `epb_flags`: the interface sent it.
const OUTBOUND: u32 = 2;

/// Writes the recording.
///
/// # Errors
/// What the writer says.
pub fn write(out: impl Write, plan: &Plan, recording: &Recording) -> io::Result<()> {
    let mut writer = PcapNgWriter::new(out).map_err(io::Error::other)?;
    for port in 0..plan.ports.len() {
        let options = vec![
            InterfaceDescriptionOption::IfName(plan.port_name(port).into()),
            InterfaceDescriptionOption::IfTsResol(InterfaceTsResolution::NANO),
        ];
        let block = InterfaceDescriptionBlock { linktype: DataLink::ETHERNET, snaplen: 0, options };
        writer.write_pcapng_block(block).map_err(io::Error::other)?;
    }
    for frame in recording.frames.iter().filter(|frame| frame.outgoing) {
        let block = EnhancedPacketBlock {
            interface_id: u32::try_from(frame.port).map_err(io::Error::other)?,
            timestamp: recording.epoch + frame.at.since(Instant::ZERO),
            original_len: u32::try_from(frame.original_len).map_err(io::Error::other)?,
            data: Cow::Borrowed(&frame.bytes),
            options: vec![EnhancedPacketOption::Flags(OUTBOUND)],
        };
        writer.write_pcapng_block(block).map_err(io::Error::other)?;
    }
    writer.into_inner().flush()
}
