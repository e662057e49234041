use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{FileTypeExt as _, symlink};
use std::path::PathBuf;
use std::thread;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use super::*;

/// A folder of its own, removed at the end.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let folder = format!("castnet-output-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(folder);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn names(&self, below: &str) -> Vec<String> {
        let entries = fs::read_dir(self.at(below)).unwrap();
        let mut names: Vec<String> =
            entries.map(|one| one.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        _ = fs::remove_dir_all(&self.0);
    }
}

fn text(text: &str) -> impl FnOnce(File) -> io::Result<()> {
    move |mut file| file.write_all(text.as_bytes())
}

#[test]
fn a_file_is_replaced_when_it_is_complete_and_nothing_is_left_of_a_failure() {
    let place = Place::new("replaced");
    let file = place.at("a.xml");
    publish(&file, text("one")).unwrap();
    let second_name = place.at("second name");
    fs::hard_link(&file, &second_name).unwrap();
    publish(&file, |mut to| {
        to.write_all(b"two")?;
        assert_eq!(fs::read(&file)?, b"one", "half a file under the name");
        Ok(())
    })
    .unwrap();
    assert_eq!(fs::read(&file).unwrap(), b"two");
    assert_eq!(fs::read(&second_name).unwrap(), b"one", "another name was written through");
    let failed = publish(&file, |mut to| {
        to.write_all(b"three")?;
        Err(io::Error::other("no more"))
    });
    assert_eq!(failed.unwrap_err().to_string(), "no more");
    assert_eq!(fs::read(&file).unwrap(), b"two");
    assert_eq!(place.names(""), ["a.xml", "second name"]);
}

#[test]
fn a_pipe_is_written_into_and_stays_one() {
    let place = Place::new("pipe");
    let pipe = place.at("pipe");
    mkfifo(&pipe, Mode::from_bits_truncate(0o600)).unwrap();
    symlink("pipe", place.at("link")).unwrap();
    for name in ["pipe", "link"] {
        let reading = pipe.clone();
        let reader = thread::spawn(move || fs::read_to_string(reading).unwrap());
        try_file(&place.at(name)).unwrap();
        publish(&place.at(name), text(name)).unwrap();
        assert_eq!(reader.join().unwrap(), name);
        assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
    }
    publish(Path::new("/dev/null"), text("x")).unwrap();
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    // A pipe below --out would hang the run, so that it is refused.
    let refused = Folder::make(&place.0).unwrap().publish(Path::new("pipe"), text("x"));
    assert!(refused.is_err() && fs::metadata(&pipe).unwrap().file_type().is_fifo());
}

#[test]
fn an_own_descriptor_is_written_into_by_any_of_its_names() {
    let place = Place::new("descriptor");
    let (mut reader, writer) = io::pipe().unwrap();
    let number = std::os::fd::AsRawFd::as_raw_fd(&writer);
    let names = [format!("/dev/fd/{number}"), format!("/proc/self/fd/{number}")];
    symlink(&names[0], place.at("link")).unwrap();
    for name in names.iter().map(PathBuf::from).chain([place.at("link")]) {
        try_file(&name).unwrap();
        publish(&name, text("x")).unwrap();
    }
    drop(writer);
    let mut all = String::new();
    reader.read_to_string(&mut all).unwrap();
    assert_eq!(all, "xxx");
    // What a shell has redirected is neither emptied nor replaced.
    let file = File::create_new(place.at("out.txt")).unwrap();
    (&file).write_all(b"before ").unwrap();
    let name = format!("/dev/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&file));
    publish(Path::new(&name), text("after")).unwrap();
    assert_eq!(fs::read(place.at("out.txt")).unwrap(), b"before after");
    let file = File::open(place.at("out.txt")).unwrap();
    let name = format!("/dev/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&file));
    assert!(publish(Path::new(&name), text("more than it may")).is_err());
}

#[test]
fn a_link_is_replaced_and_what_it_leads_to_is_left() {
    let place = Place::new("link");
    fs::write(place.at("victim"), "precious").unwrap();
    symlink("victim", place.at("a.xml")).unwrap();
    publish(&place.at("a.xml"), text("report")).unwrap();
    assert!(fs::symlink_metadata(place.at("a.xml")).unwrap().is_file());
    symlink("victim", place.at("summary")).unwrap();
    let refused = append(&place.at("summary")).unwrap_err();
    assert_eq!(refused.to_string(), "a symbolic link is not followed");
    symlink("missing", place.at("new")).unwrap();
    let refused = create_new(&place.at("new"), text("first")).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(fs::read(place.at("victim")).unwrap(), b"precious");
    assert_eq!(place.names(""), ["a.xml", "new", "summary", "victim"]);
}

#[test]
fn below_a_folder_nothing_follows_a_link_or_leaves_it() {
    let place = Place::new("below");
    fs::create_dir(place.at("victim")).unwrap();
    fs::create_dir(place.at("out")).unwrap();
    symlink("../victim", place.at("out/igmp")).unwrap();
    let out = Folder::make(&place.at("out")).unwrap();
    for below in ["igmp/x.pcapng", "../x.pcapng", "/tmp/x.pcapng", "", "a/../../x"] {
        assert!(out.publish(Path::new(below), text("x")).is_err(), "{below}");
    }
    out.publish(Path::new("mld/v1/x.pcapng"), text("x")).unwrap();
    assert_eq!(fs::read(place.at("out/mld/v1/x.pcapng")).unwrap(), b"x");
    // Whoever moves the folder away takes with it what is written there.
    fs::rename(place.at("out"), place.at("elsewhere")).unwrap();
    symlink("victim", place.at("out")).unwrap();
    out.publish(Path::new("y"), text("y")).unwrap();
    assert_eq!(place.names("victim"), [""; 0]);
    assert_eq!(place.names("elsewhere"), ["igmp", "mld", "y"]);
}

#[test]
fn a_named_file_makes_no_folder_and_says_which_is_missing() {
    let place = Place::new("missing");
    let told = publish(&place.at("reprots/a.xml"), text("x")).unwrap_err().to_string();
    let named = format!("there is no folder {}: ", place.at("reprots").display());
    assert!(told.starts_with(&named), "{told}");
    assert_eq!(try_file(&place.at("reprots/a.xml")).unwrap_err().to_string(), told);
    for name in ["", "sub/"] {
        fs::create_dir_all(place.at("sub")).unwrap();
        let wrong = publish(&place.at(name), text("x")).unwrap_err();
        assert_eq!(wrong.kind(), io::ErrorKind::IsADirectory, "{name}");
    }
    assert!(publish(Path::new("/"), text("x")).is_err());
    assert!(Folder::make(&place.at("sub/..")).is_ok());
    assert_eq!(place.names(""), ["sub"]);
}

#[test]
fn a_stream_has_its_name_at_once_and_an_old_file_is_not_emptied() {
    let place = Place::new("stream");
    let file = place.at("live.pcapng");
    fs::write(&file, "earlier").unwrap();
    let mut reader = File::open(&file).unwrap();
    let mut live = stream(&file).unwrap();
    live.write_all(b"frame").unwrap();
    assert_eq!(fs::read(&file).unwrap(), b"frame");
    let mut earlier = String::new();
    reader.read_to_string(&mut earlier).unwrap();
    assert_eq!(earlier, "earlier");
}

#[test]
fn many_writers_of_one_name_leave_one_whole_file() {
    let place = Place::new("many");
    let writers: Vec<_> = (0..8)
        .map(|writer: u8| {
            let path = place.0.clone();
            thread::spawn(move || {
                for _ in 0..50 {
                    let bytes = vec![writer; 10_000];
                    let folder = Folder::make(&path.join("a/b")).unwrap();
                    folder.publish(Path::new("c/x"), |mut to| to.write_all(&bytes)).unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.join().unwrap();
    }
    let whole = fs::read(place.at("a/b/c/x")).unwrap();
    assert!(whole.len() == 10_000 && whole.iter().all(|&octet| octet == whole[0]));
    assert_eq!(place.names("a/b/c"), ["x"]);
}
