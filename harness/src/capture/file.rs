//! Reads the frames of a capture file of any tool: pcapng or pcap, one after the other.
//!
//! Either byte order, stamps of any resolution, several sections and interfaces, records of any
//! length. An odd option costs nothing but itself. A block that cannot be read is counted, and a
//! file that breaks off yields every frame before the break, and then the position of the break.
//! A file of gzip is unpacked up to a limit; other formats are refused by their names.

mod interface;
mod other;
mod pcap;
mod pcapng;

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::time::Duration;

use super::link::LinkType;

/// The octets of a record or block that are kept; what lies behind them is passed over.
const KEPT: u64 = 16 << 20;

/// The most octets that a file of gzip is unpacked to: a few of them may stand for any number.
const UNPACKED: u64 = 1 << 30;

/// A frame of the file.
#[derive(Clone, Debug)]
pub struct CapturedFrame {
    /// Since 1970; `None` in a block without a stamp, or with one from before 1970.
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

/// Where reading ended before the end of the file, or what could not be read there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// The file ends within a structure that begins at this octet.
    #[error("it breaks off: what begins at octet {0} is cut")]
    Truncated(u64),
    /// The structure at this octet is invalid, for this reason.
    #[error("what stands at octet {0} is malformed: {1}")]
    Malformed(u64, String),
    /// The file is no capture that is read.
    #[error("it is neither pcapng nor pcap: {0}")]
    NotACapture(String),
    /// The system failed to read on.
    #[error("{0}")]
    Io(String),
}

/// The result of reading a file, beside its frames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The names of the interfaces that the file describes, in its order, each once.
    pub interfaces: Vec<String>,
    /// Frames in blocks that could not be read.
    pub lost: u64,
    /// Frames that are not in the file, because they were dropped while it was made, as it says itself.
    pub dropped: u64,
    /// The first of these blocks.
    pub first_lost: Option<Broken>,
    /// What was ignored, how often, and at which octet first.
    pub ignored: BTreeMap<&'static str, (u64, u64)>,
    /// Where reading ended before the end of the file.
    pub ended: Result<(), Broken>,
}

impl Reading {
    /// Nothing was ignored or lost.
    #[must_use]
    pub const fn whole() -> Self {
        Self {
            interfaces: Vec::new(),
            lost: 0,
            dropped: 0,
            first_lost: None,
            ignored: BTreeMap::new(),
            ended: Ok(()),
        }
    }

    fn lose(&mut self, at: u64, why: String) {
        self.lost += 1;
        self.first_lost.get_or_insert(Broken::Malformed(at, why));
    }

    fn ignore(&mut self, at: u64, what: &'static str) {
        self.ignored.entry(what).or_insert((0, at)).0 += 1;
    }

    /// Whether every frame of the file was read; what was never captured is not in the file.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.lost == 0 && self.ended.is_ok()
    }

    /// What was ignored and lost, and where reading ended, a line each; of these `frames` were read.
    #[must_use]
    pub fn remarks(&self, frames: usize) -> Vec<String> {
        let ignored = self.ignored.iter().map(|(what, (count, at))| match count {
            1 => format!("ignored: {what}, at octet {at}"),
            _ => format!("ignored: {what}, {count} times, first at octet {at}"),
        });
        let lost = self.first_lost.iter().map(|first| match self.lost {
            1 => format!("after {frames} frames 1 frame is lost: {first}"),
            lost => {
                format!("after {frames} frames {lost} frames are lost, the first here: {first}")
            }
        });
        let ended = self.ended.as_ref().err().into_iter();
        let ended = ended.map(|broken| format!("after {frames} frames {broken}"));
        let dropped = (self.dropped > 0)
            .then(|| format!("{} frames were dropped while it was made", self.dropped));
        ignored.chain(dropped).chain(lost).chain(ended).collect()
    }
}

/// Hands each frame to `see`, until that returns false.
#[must_use]
pub fn read(file: impl Read, see: impl FnMut(CapturedFrame) -> bool) -> Reading {
    read_up_to(UNPACKED, file, see)
}

/// Reads a file that may be unpacked to so many octets.
pub(super) fn read_up_to(
    most: u64,
    file: impl Read,
    see: impl FnMut(CapturedFrame) -> bool,
) -> Reading {
    let mut reading = Reading::whole();
    reading.ended = read_any(most, file, &mut reading, see);
    reading
}

fn read_any(
    most: u64,
    file: impl Read,
    reading: &mut Reading,
    see: impl FnMut(CapturedFrame) -> bool,
) -> Result<(), Broken> {
    let (beginning, file) = begin(file)?;
    let (beginning, file) = begin(other::unpacked(file, &beginning, most))?;
    if beginning.is_empty() {
        return Err(Broken::NotACapture("it is empty".to_owned()));
    }
    if let Some(named) = other::named(&beginning) {
        return Err(Broken::NotACapture(format!("it is {named}")));
    }
    let file = Octets { file: BufReader::new(file), at: 0 };
    if beginning.starts_with(&pcapng::MAGIC) {
        return pcapng::read(file, reading, see);
    }
    pcap::read(file, see)
}

/// The first octets of the file, and the whole file again.
fn begin<R: Read>(mut file: R) -> Result<(Vec<u8>, impl Read), Broken> {
    let mut octets = Vec::new();
    let read = (&mut file).take(other::LONGEST as u64).read_to_end(&mut octets);
    read.map_err(|error| in_file(&error, 0))?;
    Ok((octets.clone(), Cursor::new(octets).chain(file)))
}

/// A file, and how many of its octets were read.
struct Octets<R> {
    file: BufReader<R>,
    at: u64,
}

impl<R: Read> Octets<R> {
    fn is_at_end(&mut self) -> Result<bool, Broken> {
        let rest = self.file.fill_buf().map_err(|error| Broken::Io(error.to_string()))?;
        Ok(rest.is_empty())
    }

    /// The next octets, all of them; they belong to what begins at `start`.
    fn array<const N: usize>(&mut self, start: u64) -> Result<[u8; N], Broken> {
        let mut octets = [0; N];
        self.file.read_exact(&mut octets).map_err(|error| in_file(&error, start))?;
        self.at += N as u64;
        Ok(octets)
    }

    /// As many octets, of which only the first are kept.
    fn take(&mut self, length: u64, start: u64) -> Result<Vec<u8>, Broken> {
        let mut kept = Vec::new();
        let wanted = length.min(KEPT);
        let read = (&mut self.file).take(wanted).read_to_end(&mut kept);
        let mut read = read.map_err(|error| in_file(&error, start))? as u64;
        if read == wanted && length > wanted {
            let mut rest = (&mut self.file).take(length - wanted);
            read += io::copy(&mut rest, &mut io::sink()).map_err(|error| in_file(&error, start))?;
        }
        self.at += read;
        if read < length { Err(Broken::Truncated(start)) } else { Ok(kept) }
    }
}

/// Numbers in one of the two byte orders.
#[derive(Clone, Copy, Debug)]
struct Order {
    big: bool,
}

impl Order {
    const fn u16(self, octets: [u8; 2]) -> u16 {
        if self.big { u16::from_be_bytes(octets) } else { u16::from_le_bytes(octets) }
    }

    const fn u32(self, octets: [u8; 4]) -> u32 {
        if self.big { u32::from_be_bytes(octets) } else { u32::from_le_bytes(octets) }
    }

    const fn u64(self, octets: [u8; 8]) -> u64 {
        if self.big { u64::from_be_bytes(octets) } else { u64::from_le_bytes(octets) }
    }

    const fn i64(self, octets: [u8; 8]) -> i64 {
        if self.big { i64::from_be_bytes(octets) } else { i64::from_le_bytes(octets) }
    }
}

/// The link type of a file; its upper half describes the frame check sequence.
#[allow(clippy::cast_possible_truncation, reason = "the lower half is meant")]
const fn link_type(number: u32) -> LinkType {
    LinkType(number as u16)
}

fn in_file(error: &io::Error, at: u64) -> Broken {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Broken::Truncated(at),
        _ => Broken::Io(error.to_string()),
    }
}
