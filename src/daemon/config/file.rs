//! The file that a configuration is in: read without ever waiting, and not without end.
//!
//! The router's loop reads it on SIGHUP. Refuses what is no regular file, such as a pipe that nobody
//! writes into, and a file beyond any configuration.

use std::fs::OpenOptions;
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// The most octets of a configuration.
const LONGEST: u64 = 4 << 20;

/// The text of the file.
///
/// # Errors
/// Errors of open(2) and read(2); `InvalidInput` for what is no regular file, `FileTooLarge` beyond
/// 4 MiB, `InvalidData` for what is not UTF-8.
pub fn read(path: &Path) -> io::Result<String> {
    let mut options = OpenOptions::new();
    // Without this flag, opening a pipe waits for its other end.
    options.read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    let file = options.open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"));
    }
    let mut text = String::new();
    // One more, so that a longer file is told from one that just fits.
    file.take(LONGEST + 1).read_to_string(&mut text)?;
    match u64::try_from(text.len()) {
        Ok(..=LONGEST) => Ok(text),
        _ => Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is longer than 4 MiB")),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use nix::sys::stat::Mode;
    use nix::unistd::mkfifo;

    use super::*;

    #[test]
    fn only_a_regular_file_of_some_size_is_read() {
        let folder = std::env::temp_dir().join(format!("castnetd-file-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = |name: &str| folder.join(name);
        fs::write(path("good"), "keepalive = '10s'").unwrap();
        fs::write(path("latin1"), [b'#', 0xe4]).unwrap();
        fs::File::create(path("endless")).unwrap().set_len(1 << 40).unwrap();
        mkfifo(&path("pipe"), Mode::S_IRWXU).unwrap();
        let told = |path: &Path| read(path).map_err(|why| why.to_string());
        assert_eq!(told(&path("good")), Ok("keepalive = '10s'".to_owned()));
        assert!(told(&path("latin1")).unwrap_err().contains("UTF-8"));
        assert_eq!(told(&path("endless")), Err("it is longer than 4 MiB".to_owned()));
        for odd in [path("pipe"), folder.clone(), "/dev/zero".into()] {
            assert_eq!(told(&odd), Err("it is no regular file".to_owned()), "{odd:?}");
        }
        assert!(told(&path("absent")).unwrap_err().contains("No such file"));
        fs::remove_dir_all(folder).unwrap();
    }
}
