//! `castnet capture`

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _, Write};
use std::os::fd::AsFd as _;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use castnet::kernel::readable;
use castnet_lab::backend::Cancel;
use castnet_lab::lab::{BATCH_BYTES, Frame, Netns, Tap};
use clap::Args;
use nix::net::if_::if_nametoindex;
use pcap_file::DataLink;
use pcap_file::pcapng::PcapNgWriter;
use pcap_file::pcapng::blocks::enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption};
use pcap_file::pcapng::blocks::interface_description::{
    InterfaceDescriptionBlock, InterfaceDescriptionOption, InterfaceTsResolution,
};
use tokio::task::{JoinSet, LocalSet};

use super::standing::{self, Node, Standing};
use super::{Ending, FAILED, Failure, complain, interrupt, owner};

/// How often it is asked whether the topology still stands.
const PACE: Duration = Duration::from_millis(200);

/// The direction bits of `epb_flags`.
const INBOUND: u32 = 1;
const OUTBOUND: u32 = 2;

#[derive(Args)]
pub(super) struct CaptureArgs {
    /// A link: each of its frames once, at the port that sent it. Or a port, as in r1:lan: what it
    /// sends and receives. Or else every link.
    #[arg(value_name = "LINK|NODE:LINK")]
    place: Option<String>,
    /// The process that holds the topology, if there are several.
    #[arg(long)]
    pid: Option<u32>,
    /// Write into a file instead of to standard output.
    #[arg(short, long, value_name = "FILE")]
    write: Option<PathBuf>,
}

/// A live pcapng until Ctrl-C, until nobody reads it, or until the topology is gone.
pub(super) fn capture(args: &CaptureArgs) -> Ending {
    if args.write.is_none() && io::stdout().is_terminal() {
        let ways = "| wireshark -k -i -, | castnet show -, or -w FILE";
        return Err(Failure::usage(format!("a capture is nothing to read on a terminal: {ways}")));
    }
    let what =
        args.place.as_ref().map_or("node".to_owned(), |place| format!("link or port {place}"));
    let found = standing::find(args.pid, &what, |one| !args.ports(one).is_empty());
    let standing = found.map_err(Failure::usage)?;
    let mut nodes = args.ports(&standing);
    nodes.dedup_by_key(|(node, _)| node.name.as_str());
    let nodes: Vec<&Node> = nodes.into_iter().map(|(node, _)| node).collect();
    let netns = standing.enter(&nodes).map_err(Failure::broken)?;
    let cancel = Cancel::new();
    interrupt::watch(&cancel)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(Failure::broken)?;
    let written = LocalSet::new().block_on(&runtime, args.write(&standing, &netns, &cancel));
    match written {
        Ok(0) => Ok(0),
        Ok(lost) => {
            complain(&format!("{lost} frames found no room and are missing"));
            Ok(FAILED)
        }
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(0),
        Err(error) => Err(Failure::broken(error)),
    }
}

impl CaptureArgs {
    /// The ports that are meant, by node and link.
    fn ports<'a>(&self, standing: &'a Standing) -> Vec<(&'a Node, &'a str)> {
        let all = standing
            .nodes
            .iter()
            .flat_map(|node| node.ports.iter().map(move |port| (node, port.link.as_str())));
        let meant = |(node, link): &(&Node, &str)| match &self.place {
            None => true,
            Some(place) => place == link || *place == format!("{}:{link}", node.name),
        };
        all.filter(meant).collect()
    }

    /// Each frame of a link once, unless a single port is meant.
    fn both_ways(&self) -> bool {
        self.place.as_ref().is_some_and(|place| place.contains(':'))
    }

    /// Returns how many frames were lost.
    async fn write(
        &self,
        standing: &Standing,
        netns: &[Netns],
        cancel: &Cancel,
    ) -> io::Result<u32> {
        let out: Box<dyn Write> = match &self.write {
            Some(file) => Box::new(owner::create(file)?),
            None => Box::new(io::stdout().lock()),
        };
        let mut writer = PcapNgWriter::new(io::BufWriter::new(out)).map_err(flat)?;
        let mut taps = Vec::new();
        let mut next_id = 0..;
        for netns in netns {
            let mut ids = BTreeMap::new();
            for (node, link) in self.ports(standing) {
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
        let mut readers = JoinSet::new();
        for (tap, ids) in &taps {
            let file =
                Stream { writer: Rc::clone(&writer), ids: ids.clone(), both: self.both_ways() };
            readers.spawn_local(file.follow(Rc::clone(tap)));
        }
        tokio::select! {
            () = cancel.cancelled() => {}
            () = gone(standing) => {}
            Some(ended) = readers.join_next() => ended.map_err(io::Error::other)??,
        }
        taps.iter().map(|(tap, _)| tap.drops()).sum()
    }
}

async fn gone(standing: &Standing) {
    let mut pace = tokio::time::interval(PACE);
    while standing.is_alive() {
        pace.tick().await;
    }
}

type Writer = PcapNgWriter<io::BufWriter<Box<dyn Write>>>;

/// Where the frames of one tap go.
struct Stream {
    writer: Rc<RefCell<Writer>>,
    /// The interface of the file for each interface index.
    ids: BTreeMap<u32, u32>,
    both: bool,
}

impl Stream {
    /// Writes whatever comes, for ever.
    async fn follow(self, tap: Rc<Tap>) -> io::Result<()> {
        let (mut space, mut frames) = (vec![0; BATCH_BYTES], Vec::new());
        loop {
            readable(tap.as_fd()).await?;
            match tap.receive(&mut space, &mut frames) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                other => _ = other?,
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
        writer.write_pcapng_block(block).map(drop).map_err(flat)
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

/// The error of the system as itself, so that a closed pipe is known.
fn flat(error: pcap_file::pcapng::PcapNgWriteError) -> io::Error {
    match error {
        pcap_file::pcapng::PcapNgWriteError::Io(error) => error,
        other => io::Error::other(other),
    }
}
