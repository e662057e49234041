//! What a kernel of a distribution begins with: its modules in order, and the form of the archive.

use super::*;

/// The image of a kernel of this version, and its modules with what each depends on.
fn package(version: &str, modules: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("boot/vmlinuz");
    let mut octets = vec![0; 0x300];
    octets[0x202..0x206].copy_from_slice(b"HdrS");
    octets[0x20e..0x210].copy_from_slice(&0x20_u16.to_le_bytes());
    octets[0x220..][..version.len()].copy_from_slice(version.as_bytes());
    fs::create_dir_all(image.parent().unwrap()).unwrap();
    fs::write(&image, octets).unwrap();
    for (file, depends) in modules {
        let path = folder.path().join("lib/modules/6.1.0-9-cloud-amd64/kernel").join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("ELF\0license=GPL\0depends={depends}\0intree=Y\0")).unwrap();
    }
    (folder, image)
}

#[test]
fn a_module_comes_behind_those_that_it_depends_on() {
    let files = [("net/bridge.ko", "stp,llc"), ("net/802/stp.ko", "llc"), ("net/llc.ko", "")];
    let others = [("drivers/virtio_pci.ko", "virtio-ring"), ("drivers/virtio-ring.ko", "")];
    let all: Vec<_> = files.into_iter().chain(others).collect();
    let (_folder, image) = package("6.1.0-9-cloud-amd64 (gcc) #1", &all);
    let names: Vec<String> = modules(&image).unwrap().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["llc", "stp", "bridge", "virtio_ring", "virtio_pci"]);
    let (_folder, image) = package("6.12.0 (gcc) #1", &all);
    let told = modules(&image).unwrap_err().to_string();
    assert!(told.contains("lib/modules/6.12.0, where its package has them"), "{told}");
}

#[test]
fn an_image_says_its_version_and_a_program_is_none() {
    let (_folder, image) = package("6.12.1-amd64 (gcc)", &[]);
    assert_eq!(version(&image).as_deref(), Some("6.12.1-amd64"));
    assert_eq!(version(&std::env::current_exe().unwrap()), None);
    assert_eq!(version(Path::new("/proc/self/comm")), None);
}

#[test]
fn an_archive_is_one_of_newc_with_folders_before_their_files() {
    let mut archive = Archive { out: Vec::new(), at: 0, folders: BTreeSet::new() };
    archive.file(Path::new("/usr/lib/a"), b"12345").unwrap();
    archive.file(Path::new("/usr/b"), b"").unwrap();
    archive.entry(Path::new("TRAILER!!!"), 0, &[]).unwrap();
    let octets = archive.out;
    let (mut at, mut told) = (0, Vec::new());
    while at < octets.len() {
        let header = std::str::from_utf8(&octets[at..at + 110]).unwrap();
        assert_eq!(&header[..6], "070701");
        let number =
            |nth: usize| usize::from_str_radix(&header[6 + 8 * nth..14 + 8 * nth], 16).unwrap();
        let (mode, length, name) = (number(1), number(6), number(11));
        let text = String::from_utf8(octets[at + 110..at + 110 + name - 1].to_vec()).unwrap();
        let content = (at + 110 + name).next_multiple_of(4);
        told.push((text, mode >> 12, octets[content..content + length].to_vec()));
        at = (content + length).next_multiple_of(4);
    }
    let name = |name: &str, kind, content: &[u8]| (name.to_owned(), kind, content.to_vec());
    let expected = [
        name("usr", 0o4, b""),
        name("usr/lib", 0o4, b""),
        name("usr/lib/a", 0o10, b"12345"),
        name("usr/b", 0o10, b""),
        name("TRAILER!!!", 0, b""),
    ];
    assert_eq!(told, expected);
}
