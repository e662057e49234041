//! The package castnet, as harness/Cargo.toml describes it.

#[path = "packages/metadata.rs"]
mod metadata;

use std::path::Path;
use std::process::Command;

use metadata::Crate;

const CASTNET: &str = env!("CARGO_BIN_EXE_castnet");

fn packaged() -> Crate {
    Crate::read(Path::new(env!("CARGO_MANIFEST_DIR")), &[("castnet", Path::new(CASTNET))])
}

#[test]
fn every_asset_is_in_the_tree_or_written_by_packaging_build() {
    assert_eq!(packaged().missing(), Vec::<String>::new());
}

#[test]
fn castnet_has_its_manual_and_its_completions() {
    assert_eq!(packaged().lacking(|_| "castnet"), Vec::<String>::new());
}

#[test]
fn both_kinds_of_package_hold_the_same() {
    packaged().assert_kinds_agree(&["castnet"]);
}

/// Who has neither cargo-deb nor cargo-generate-rpm learns what to type.
#[test]
fn what_is_not_installed_is_named_with_the_command_that_installs_it() {
    let build = Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/build");
    for (kind, tool) in [("deb", "cargo-deb"), ("rpm", "cargo-generate-rpm")] {
        let mut command = Command::new(&build);
        let output = command.arg(kind).env("PATH", "/usr/bin:/bin").output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(&format!("cargo install --locked {tool}")), "{said}");
    }
}
