//! The packages castnetd and castnet-smcroute, as Cargo.toml describes them.

#[path = "../harness/tests/packages/metadata.rs"]
mod metadata;

use std::path::Path;
use std::process::Command;

use metadata::{Crate, Package};

/// Each program with the package that has it.
const PROGRAMS: [(&str, &str, &str); 4] = [
    ("castnetd", env!("CARGO_BIN_EXE_castnetd"), "castnetd"),
    ("castnetctl", env!("CARGO_BIN_EXE_castnetctl"), "castnetd"),
    ("smcrouted", env!("CARGO_BIN_EXE_smcrouted"), "castnet-smcroute"),
    ("smcroutectl", env!("CARGO_BIN_EXE_smcroutectl"), "castnet-smcroute"),
];

fn packaged() -> Crate {
    let programs = PROGRAMS.map(|(name, path, _)| (name, Path::new(path)));
    Crate::read(Path::new(env!("CARGO_MANIFEST_DIR")), &programs)
}

fn holding(program: &str) -> &'static str {
    PROGRAMS.iter().find(|(name, ..)| *name == program).expect("it is one of castnet's").2
}

#[test]
fn every_asset_is_in_the_tree_or_written_by_packaging_build() {
    assert_eq!(packaged().missing(), Vec::<String>::new());
}

#[test]
fn every_program_has_its_manual_and_its_completions() {
    assert_eq!(packaged().lacking(holding), Vec::<String>::new());
}

#[test]
fn both_kinds_of_package_hold_the_same() {
    packaged().assert_kinds_agree(&["castnetd", "castnet-smcroute"]);
}

/// Each unit starts a program that its package installs, and names pages that it has.
#[test]
fn units_start_what_is_installed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (package, unit) in [("castnetd", "castnetd"), ("castnet-smcroute", "smcroute")] {
        let path = root.join(format!("packaging/systemd/{unit}.service"));
        let text = std::fs::read_to_string(path).unwrap();
        let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)).unwrap();
        let words: Vec<&str> = value("ExecStart=").split(' ').collect();
        let packages = packaged().packages;
        for Package { name, files, config, .. } in packages.iter().filter(|one| one.name == package)
        {
            assert!(files.contains(words[0]), "{name}: {words:?} of {files:?}");
            assert!(files.contains(&format!("/usr/lib/systemd/system/{unit}.service")), "{name}");
            for named in words.iter().filter(|word| word.starts_with("/etc/")) {
                assert!(config.contains(*named), "{name}: {named} is no configuration of it");
            }
            for page in value("Documentation=").split(' ') {
                let (title, section) = page
                    .strip_prefix("man:")
                    .unwrap()
                    .trim_end_matches(')')
                    .split_once('(')
                    .unwrap();
                let page = format!("/usr/share/man/man{section}/{title}.{section}");
                assert!(files.contains(&page), "{name}: no {page}");
            }
        }
    }
}

/// What is installed as the configuration is one, also once its interfaces are no comments any more.
#[test]
fn the_installed_configuration_is_right() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = root.join("packaging/castnetd.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let used = Path::new(env!("CARGO_TARGET_TMPDIR")).join("castnetd-used.toml");
    std::fs::write(&used, text.replace("\n#[[", "\n[[").replace("\n#name", "\nname")).unwrap();
    for (path, interfaces) in [(&path, 0), (&used, 2)] {
        let output = Command::new(PROGRAMS[0].1).arg("check").arg(path).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(said.matches(": IGMP").count(), interfaces, "{said}");
    }
}
