//! What a file is that is neither pcapng nor pcap, by its first octets: gzip is unpacked, and the
//! rest is named.

use std::io::{self, BufReader, Read};

use flate2::read::MultiGzDecoder;

/// The first octets of a file of gzip (RFC 1952 section 2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Formats that are not read: the first octets, the name, and what to do.
const FORMATS: [(&[u8], &str); 11] = [
    (&[0x28, 0xb5, 0x2f, 0xfd], "packed with zstd; unpack it with zstd -d"),
    (&[0x04, 0x22, 0x4d, 0x18], "packed with lz4; unpack it with lz4 -d"),
    (&[0xfd, b'7', b'z', b'X', b'Z'], "packed with xz; unpack it with xz -d"),
    (b"BZh", "packed with bzip2; unpack it with bzip2 -d"),
    (b"PK\x03\x04", "a zip archive; unpack it with unzip"),
    (b"snoop\0\0\0", "a capture of Solaris snoop; convert it with editcap -F pcapng"),
    (b"RTSS", "a capture of Network Monitor 1; convert it with editcap -F pcapng"),
    (b"GMBU", "a capture of Network Monitor 2; convert it with editcap -F pcapng"),
    (b"TRSNIFF data", "a capture of Sniffer; convert it with editcap -F pcapng"),
    (&[0x1c, 0x00, 0x01, 0xac], "a capture of IXIA; convert it with editcap -F pcapng"),
    (&[0x1c, 0x00, 0x01, 0xab], "a capture of IXIA; convert it with editcap -F pcapng"),
];

/// The longest of these beginnings.
pub(super) const LONGEST: usize = 12;

/// The name of the format that begins so, and what to do with the file.
pub(super) fn named(beginning: &[u8]) -> Option<&'static str> {
    FORMATS.iter().find(|(octets, _)| beginning.starts_with(octets)).map(|&(_, name)| name)
}

/// The file; if it begins as one of gzip, what is packed in it, up to `most` octets.
pub(super) fn unpacked<'a>(
    file: impl Read + 'a,
    beginning: &[u8],
    most: u64,
) -> Box<dyn Read + 'a> {
    match beginning.starts_with(&GZIP) {
        true => {
            Box::new(Bounded { file: MultiGzDecoder::new(BufReader::new(file)), most, left: most })
        }
        false => Box::new(file),
    }
}

/// A file of which at most so much is read.
struct Bounded<R> {
    file: R,
    most: u64,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| {
            let most = self.most >> 20;
            io::Error::other(format!("it unpacks to more than {most} MiB; unpack it with gzip -d"))
        })?;
        Ok(read)
    }
}
