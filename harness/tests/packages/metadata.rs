//! What Cargo.toml says of a crate's packages, checked against the tree and the programs themselves.
//!
//! The papers (manual, completions) are written by `packaging/build papers`, as for real packages.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use toml::{Table, Value};

/// A package of one kind.
pub(crate) struct Package {
    /// "deb" or "rpm".
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    /// What it installs, as absolute paths.
    pub(crate) files: BTreeSet<String>,
    /// Those of them that are configuration.
    pub(crate) config: BTreeSet<String>,
    /// Sources that there are not.
    missing: Vec<String>,
}

/// The packages of a crate.
pub(crate) struct Crate {
    pub(crate) packages: Vec<Package>,
    programs: Vec<String>,
}

/// Where files come from.
struct Tree<'a> {
    root: &'a Path,
    /// The folder of the crate below it.
    below: PathBuf,
    papers: PathBuf,
    programs: &'a [String],
}

impl Crate {
    /// Reads Cargo.toml in the folder, and has each program, of this name and path, write its papers.
    pub(crate) fn read(folder: &Path, programs: &[(&str, &Path)]) -> Self {
        let root = folder.ancestors().filter(|path| path.join("packaging/build").is_file()).last();
        let root = root.expect("packaging/build is in the tree");
        let papers = papers(root, programs);
        let text = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        let manifest: Table = text.parse().unwrap();
        let bins = manifest["bin"].as_array().unwrap().iter();
        let bins: Vec<String> = bins.map(|bin| bin["name"].as_str().unwrap().to_owned()).collect();
        let metadata = &manifest["package"]["metadata"];
        let below = folder.strip_prefix(root).unwrap().to_owned();
        let tree = Tree { root, below, papers: papers.clone(), programs: &bins };
        let mut packages = Vec::new();
        for own in variants(metadata["deb"].as_table().unwrap()) {
            packages.push(tree.deb(&own));
        }
        for own in variants(metadata["generate-rpm"].as_table().unwrap()) {
            packages.push(tree.rpm(&own));
        }
        fs::remove_dir_all(papers).unwrap();
        Self { packages, programs: bins }
    }

    /// The assets that are neither in the tree nor written by packaging/build.
    pub(crate) fn missing(&self) -> Vec<String> {
        self.packages.iter().flat_map(|one| one.missing.clone()).collect()
    }

    /// What the package that holds a program lacks of the program, its manual, and its completions.
    pub(crate) fn lacking(&self, holding: impl Fn(&str) -> &'static str) -> Vec<String> {
        let mut lacking = Vec::new();
        for program in &self.programs {
            let name = holding(program);
            let packages: Vec<&Package> =
                self.packages.iter().filter(|one| one.name == name).collect();
            assert_eq!(packages.len(), 2, "{name} is a .deb and a .rpm");
            for package in packages {
                let zsh = match package.kind {
                    "deb" => "vendor-completions",
                    _ => "site-functions",
                };
                let choices = [
                    [format!("/usr/bin/{program}"), format!("/usr/sbin/{program}")],
                    [1, 8].map(|n| format!("/usr/share/man/man{n}/{program}.{n}")),
                    [(); 2].map(|()| format!("/usr/share/bash-completion/completions/{program}")),
                    [(); 2].map(|()| format!("/usr/share/zsh/{zsh}/_{program}")),
                    [(); 2]
                        .map(|()| format!("/usr/share/fish/vendor_completions.d/{program}.fish")),
                ];
                let is_there = |path: &String| package.files.contains(path);
                let lacks = choices.iter().filter(|paths| !paths.iter().any(is_there));
                let Package { kind, .. } = package;
                lacking.extend(lacks.map(|[path, _]| format!("{name} ({kind}): {path}")));
            }
        }
        lacking
    }

    /// The .deb and the .rpm of each of these packages install the same, except where the distributions'
    /// folders differ.
    pub(crate) fn assert_kinds_agree(&self, names: &[&str]) {
        for name in names {
            let of = |kind: &str| {
                let found = self.packages.iter().find(|one| one.kind == kind && one.name == *name);
                let found = found.unwrap_or_else(|| panic!("there is no {name} as {kind}"));
                let files = found
                    .files
                    .iter()
                    .map(|path| path.replace("/zsh/vendor-completions/", "/zsh/site-functions/"));
                // cargo-deb writes the copyright file itself.
                let files = files.filter(|path| !path.starts_with("/usr/share/licenses/"));
                (files.collect::<BTreeSet<_>>(), found.config.clone())
            };
            assert_eq!(of("deb"), of("rpm"), "{name}");
        }
    }
}

/// The package of a table, and those of its variants: a variant has what it does not say from the table.
fn variants(own: &Table) -> Vec<Table> {
    let mut base = own.clone();
    let variants = base.remove("variants");
    let mut all = vec![base.clone()];
    for variant in variants.iter().filter_map(Value::as_table).flat_map(Table::values) {
        let mut whole = base.clone();
        whole.extend(variant.as_table().unwrap().clone());
        all.push(whole);
    }
    all
}

/// Has each program write its papers; the folder that they are in.
fn papers(root: &Path, programs: &[(&str, &Path)]) -> PathBuf {
    static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let count = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let folder = folder.join(format!("papers-{}-{count}", std::process::id()));
    let mut build = Command::new(root.join("packaging/build"));
    build.arg("papers").arg(programs[0].1.parent().unwrap()).env("PAPERS", &folder);
    let output = build.args(programs.iter().map(|(name, _)| name)).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    folder
}

impl Tree<'_> {
    fn package(&self, kind: &'static str, own: &Table) -> Package {
        let name = own["name"].as_str().unwrap().to_owned();
        Package { kind, name, files: BTreeSet::new(), config: BTreeSet::new(), missing: Vec::new() }
    }

    fn deb(&self, own: &Table) -> Package {
        let mut package = self.package("deb", own);
        for asset in own["assets"].as_array().unwrap() {
            let [source, to] = [0, 1].map(|at| asset[at].as_str().unwrap());
            // Everything below /etc is a conffile to cargo-deb.
            self.add(&mut package, source, &format!("/{to}"), to.starts_with("etc/"));
        }
        if let Some(units) = own.get("systemd-units") {
            let [folder, unit] =
                ["unit-scripts", "unit-name"].map(|key| units[key].as_str().unwrap());
            let source = format!("{folder}/{unit}.service");
            self.add(&mut package, &source, "/usr/lib/systemd/system/", false);
        }
        package
    }

    fn rpm(&self, own: &Table) -> Package {
        let mut package = self.package("rpm", own);
        for asset in own["assets"].as_array().unwrap() {
            let [source, to] = ["source", "dest"].map(|key| asset[key].as_str().unwrap());
            self.add(&mut package, source, to, asset.get("config").is_some());
        }
        for script in ["pre_uninstall_script", "post_uninstall_script"] {
            let script = own.get(script).and_then(Value::as_str);
            let script = script.filter(|path| !self.root.join(path).is_file());
            package.missing.extend(script.map(str::to_owned));
        }
        package
    }

    /// Puts what a source stands for into the package.
    fn add(&self, package: &mut Package, source: &str, to: &str, is_config: bool) {
        let found = self.found(package.kind, source);
        if found.is_empty() {
            package.missing.push(format!("{} ({}): {source}", package.name, package.kind));
        }
        for name in found {
            let path = if to.ends_with('/') { format!("{to}{name}") } else { to.to_owned() };
            if is_config {
                package.config.insert(path.clone());
            }
            package.files.insert(path);
        }
    }

    /// The names of the files that a source stands for.
    fn found(&self, kind: &str, source: &str) -> Vec<String> {
        if let Some(program) = source.strip_prefix("target/release/") {
            return self.programs.iter().filter(|one| *one == program).cloned().collect();
        }
        let from = match kind {
            // cargo-generate-rpm looks below the workspace first.
            "rpm" => Path::new("").join(source),
            _ => normal(&self.below.join(source)),
        };
        let path = match from.strip_prefix("packaging/papers") {
            Ok(paper) => self.papers.join(paper),
            Err(_) => self.root.join(from),
        };
        let (folder, pattern) = (path.parent().unwrap(), path.file_name().unwrap());
        let (head, tail) = match pattern.to_str().unwrap().split_once('*') {
            Some((head, tail)) => (head, Some(tail)),
            None => (pattern.to_str().unwrap(), None),
        };
        let names = fs::read_dir(folder).into_iter().flatten();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let is_meant = |name: &String| match tail {
            None => name == head,
            Some(tail) => {
                name.len() >= head.len() + tail.len()
                    && name.starts_with(head)
                    && name.ends_with(tail)
            }
        };
        names.filter(is_meant).collect()
    }
}

/// The path without `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => _ = normal.pop(),
            part => normal.push(part),
        }
    }
    normal
}
