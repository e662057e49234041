//! A live pcapng of a topology that stands.
//!
//! Each port is an interface of the file. Frames of a link are written once, at the port that sent them;
//! of a single port, both directions are.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::os::fd::AsFd as _;
use std::rc::Rc;
use std::time::Duration;

use castnet::kernel::readable;
use nix::net::if_::if_nametoindex;
use pcap_file::DataLink;
use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption, InterfaceTsResolution,
};
use tokio::task::{JoinSet, LocalSet};

use super::PACE;
use super::standing::{Standing, StandingNode};
use crate::backend::Cancel;
use crate::lab::{BATCH_BYTES, Frame, Netns, Tap};

/// The direction bits of `epb_flags`.
const INBOUND: u32 = 1;
const OUTBOUND: u32 = 2;

/// The namespaces of a topology that a capture listens in.
pub struct Live<'a> {
    standing: &'a Standing,
    place: Option<&'a str>,
    netns: Vec<Netns>,
}

/// The frames of a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// How many were written.
    pub written: u64,
    /// How many were lost because there was no room for them.
    pub lost: u32,
}

/// The ports at a place of a topology, by node and link: `lan` is every port of that link, `r1:lan`
/// that port, and `None` all ports.
#[must_use]
pub fn ports<'a>(standing: &'a Standing, place: Option<&str>) -> Vec<(&'a StandingNode, &'a str)> {
    let all = standing
        .nodes
        .iter()
        .flat_map(|node| node.ports.iter().map(move |port| (node, port.link.as_str())));
    let meant = |(node, link): &(&StandingNode, &str)| match place {
        None => true,
        Some(place) => place == *link || *place == format!("{}:{link}", node.name),
    };
    all.filter(meant).collect()
}

impl<'a> Live<'a> {
    /// Enters the topology's user namespace and opens the namespaces of the place. The process must have
    /// no other thread.
    ///
    /// # Errors
    /// A namespace cannot be opened (open(2)) or entered (setns(2)).
    pub fn enter(standing: &'a Standing, place: Option<&'a str>) -> io::Result<Self> {
        let mut nodes = ports(standing, place);
        nodes.dedup_by_key(|(node, _)| node.name.as_str());
        let nodes: Vec<&StandingNode> = nodes.into_iter().map(|(node, _)| node).collect();
        Ok(Self { standing, place, netns: standing.enter(&nodes)? })
    }

    /// Writes until it is cancelled or the topology is gone.
    ///
    /// # Errors
    /// A socket or `out` fails; [`io::ErrorKind::BrokenPipe`] if the reader of `out` is gone.
    pub fn write(&self, out: Box<dyn Write>, cancel: &Cancel) -> io::Result<Count> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        LocalSet::new().block_on(&runtime, self.follow(out, cancel))
    }

    async fn follow(&self, out: Box<dyn Write>, cancel: &Cancel) -> io::Result<Count> {
        let mut writer = PcapNgWriter::new(io::BufWriter::new(out)).map_err(flat)?;
        let mut taps = Vec::new();
        let mut next_id = 0..;
        for netns in &self.netns {
            let mut ids = BTreeMap::new();
            for (node, link) in ports(self.standing, self.place) {
                if node.name == netns.name() {
                    let ifindex = netns.run(|| if_nametoindex(link))??;
                    ids.extend(next_id.next().map(|id| (ifindex, id)));
                    describe(&mut writer, &format!("{}:{link}", node.name))?;
                }
            }
            taps.push((Rc::new(Tap::open(netns)?), ids));
        }
        // A reader that waits for the interfaces can start.
        writer.get_mut().flush()?;
        let writer = Rc::new(RefCell::new(writer));
        let both = self.place.is_some_and(|place| place.contains(':'));
        let written = Rc::new(Cell::new(0));
        let mut readers = JoinSet::new();
        for (tap, ids) in &taps {
            let (writer, written) = (Rc::clone(&writer), Rc::clone(&written));
            let file = Stream { writer, written, ids: ids.clone(), both };
            readers.spawn_local(file.follow(Rc::clone(tap)));
        }
        tokio::select! {
            () = cancel.cancelled() => {}
            () = gone(self.standing) => {}
            Some(ended) = readers.join_next() => ended.map_err(io::Error::other)??,
        }
        let lost: io::Result<u32> = taps.iter().map(|(tap, _)| tap.drops()).sum();
        Ok(Count { written: written.get(), lost: lost? })
    }
}

async fn gone(standing: &Standing) {
    let mut pace = tokio::time::interval(PACE);
    while standing.is_alive() {
        pace.tick().await;
    }
}

type Writer = PcapNgWriter<io::BufWriter<Box<dyn Write>>>;

/// The destination of one tap's frames.
struct Stream {
    writer: Rc<RefCell<Writer>>,
    /// How many frames were written.
    written: Rc<Cell<u64>>,
    /// The interface of the file for each interface index.
    ids: BTreeMap<u32, u32>,
    both: bool,
}

impl Stream {
    /// Writes every frame, for ever.
    async fn follow(self, tap: Rc<Tap>) -> io::Result<()> {
        let (mut space, mut frames) = (vec![0; BATCH_BYTES], Vec::new());
        loop {
            readable(tap.as_fd()).await?;
            match tap.receive(&mut space, &mut frames) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                other => other?,
            }
            let mut writer = self.writer.borrow_mut();
            for frame in frames.drain(..) {
                self.write(&mut writer, &frame)?;
            }
            writer.get_mut().flush()?;
        }
    }

    fn write(&self, writer: &mut Writer, frame: &Frame) -> io::Result<()> {
        let Some(&interface_id) = self.ids.get(&frame.ifindex) else { return Ok(()) };
        if !frame.outgoing && !self.both {
            return Ok(());
        }
        let flags = if frame.outgoing { OUTBOUND } else { INBOUND };
        let block = EnhancedPacketBlock {
            interface_id,
            timestamp: Duration::from_nanos(frame.stamp_ns),
            original_len: u32::try_from(frame.original_len).map_err(io::Error::other)?,
            data: Cow::Borrowed(&frame.bytes),
            options: vec![EnhancedPacketOption::Flags(flags)],
        };
        writer.write_pcapng_block(block).map_err(flat)?;
        self.written.set(self.written.get() + 1);
        Ok(())
    }
}

fn describe(writer: &mut Writer, name: &str) -> io::Result<()> {
    let options = vec![
        InterfaceDescriptionOption::IfName(name.to_owned().into()),
        InterfaceDescriptionOption::IfTsResol(InterfaceTsResolution::NANO),
    ];
    let block = InterfaceDescriptionBlock { linktype: DataLink::ETHERNET, snaplen: 0, options };
    writer.write_pcapng_block(block).map(drop).map_err(flat)
}

/// The error of the system itself, so that a closed pipe is recognised.
fn flat(error: pcap_file::pcapng::PcapNgWriteError) -> io::Error {
    match error {
        pcap_file::pcapng::PcapNgWriteError::Io(error) => error,
        other => io::Error::other(other),
    }
}
