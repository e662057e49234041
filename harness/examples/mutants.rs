//! Builds castnet with one deliberate fault after the other and runs the scenarios: each fault has to
//! turn at least one of them red. Prints a Markdown table; fails if a fault goes unnoticed.
//!
//! `cargo run --example mutants` for all faults of `harness/mutants.toml`, or with words of their
//! names for some; in the simulator, or with `--netns` on the kernel. The faults go into a copy of the
//! tree below `target/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::Context as _;
use serde::Deserialize;

/// How many scenarios a row of the table names.
const SHOWN: usize = 4;

#[derive(Deserialize)]
struct Mutants {
    mutant: Vec<Mutant>,
}

#[derive(Deserialize)]
struct Mutant {
    name: String,
    file: String,
    find: String,
    replace: String,
}

fn main() -> anyhow::Result<ExitCode> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    let text = fs::read_to_string(root.join("harness/mutants.toml"))?;
    let (options, wanted): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|word| word.starts_with("--"));
    let backend = match options.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => "sim",
        ["--netns"] => "netns",
        _ => anyhow::bail!("the only option is --netns"),
    };
    let mutants = toml::from_str::<Mutants>(&text)?.mutant.into_iter().filter(|mutant| {
        wanted.is_empty() || wanted.iter().any(|word| mutant.name.contains(word.as_str()))
    });
    let tree = root.join("target/mutants/tree");
    copy(&root, &tree)?;
    let sound = red(&tree, backend)?;
    anyhow::ensure!(sound.is_empty(), "without any fault these fail: {}", sound.join(", "));
    println!("| fault | file | scenarios that turn red |\n|---|---|---|");
    let mut survivors = 0;
    for mutant in mutants {
        let file = tree.join(&mutant.file);
        let sound = fs::read_to_string(&file).with_context(|| mutant.file.clone())?;
        let found = sound.matches(&mutant.find).count();
        anyhow::ensure!(found == 1, "{}: its text stands {found} times", mutant.name);
        fs::write(&file, sound.replace(&mutant.find, &mutant.replace))?;
        let red = red(&tree, backend).with_context(|| mutant.name.clone())?;
        fs::write(&file, sound)?;
        survivors += usize::from(red.is_empty());
        let red = if red.is_empty() { "**none**".to_owned() } else { some(&red) };
        println!("| {} | `{}` | {red} |", mutant.name, mutant.file);
    }
    Ok(if survivors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn without_golden(scenario: &str) -> String {
    scenario.split_inclusive('\n').filter(|line| !line.starts_with("golden")).collect()
}

/// The first of them, and how many more there are.
fn some(names: &[String]) -> String {
    let shown = names.len().min(SHOWN);
    let rest = match names.len() - shown {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "{}{rest}",
        names[..shown].iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    )
}

/// Copies what is needed to build castnet and to run the scenarios. What is kept of earlier runs stays
/// behind: it would tell any change, and here a claim has to.
fn copy(root: &Path, tree: &Path) -> anyhow::Result<()> {
    if tree.exists() {
        fs::remove_dir_all(tree)?;
    }
    let mut pending: Vec<PathBuf> =
        ["Cargo.toml", "Cargo.lock", "README.md", "clippy.toml", "src", "harness", "scenarios"]
            .map(PathBuf::from)
            .into();
    while let Some(path) = pending.pop() {
        let (from, to) = (root.join(&path), tree.join(&path));
        if from.is_dir() {
            fs::create_dir_all(&to)?;
            let entries = fs::read_dir(&from)?;
            for entry in entries {
                pending.push(path.join(entry?.file_name()));
            }
        } else {
            fs::create_dir_all(to.parent().unwrap_or(tree))?;
            let is_scenario = path.starts_with("scenarios");
            match fs::read_to_string(&from) {
                Ok(text) if is_scenario => fs::write(&to, without_golden(&text))?,
                _ => _ = fs::copy(&from, &to)?,
            }
        }
    }
    Ok(())
}

/// The scenarios that fail in this tree. One that could not be judged says nothing, and so nothing of
/// its run counts.
fn red(tree: &Path, backend: &str) -> anyhow::Result<Vec<String>> {
    let target = tree.join("../target");
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--bin", "castnet"])
        .env("CARGO_TARGET_DIR", &target)
        .env("RUSTFLAGS", "--cap-lints=allow")
        .current_dir(tree)
        .status()?;
    anyhow::ensure!(built.success(), "it does not build");
    let castnet = target.join("debug/castnet");
    let run = Command::new(castnet)
        .args(["run", "--json", "--backend", backend, "--out", "../captures", "scenarios"])
        .current_dir(tree)
        .output()?;
    let report: serde_json::Value = serde_json::from_slice(&run.stdout)
        .with_context(|| String::from_utf8_lossy(&run.stderr).into_owned())?;
    let runs = report["runs"].as_array().context("no runs in the report")?;
    anyhow::ensure!(!runs.is_empty(), "no scenario was run");
    let red = runs.iter().filter(|run| run["outcome"] == "fail" || run["outcome"] == "vacuous");
    Ok(red.filter_map(|run| run["scenario"].as_str().map(str::to_owned)).collect())
}
