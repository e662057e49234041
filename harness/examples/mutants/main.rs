//! Builds castnet with all deliberate faults, of which one counts in each run, and runs the scenarios:
//! each fault has to turn at least one of them red. Prints a Markdown table; fails if a fault goes
//! unnoticed, or if a wrong formula of an interval breaks no claim that names this interval.
//!
//! `cargo run --example mutants` for all faults of `harness/mutants.toml`, or with words of their
//! names for some; in the simulator, or with `--netns` on the kernel. With `--swarm` random scenarios
//! have to notice instead, within a thousand seeds. With `--check` the faults are only compiled, one by
//! one. The faults go into a copy of the tree below `target/`, where each function with faults has a
//! body for each of them, and an environment variable says which one counts.

mod place;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::Context as _;
use place::{Mutant, Mutants};

/// How many scenarios a row of the table names.
const SHOWN: usize = 4;

/// How many failed claims that name the interval.
const SHOWN_CLAIMS: usize = 2;

/// How many seeds a swarm has to find a fault in.
const SEEDS: &str = "1000";

/// Who has to notice.
#[derive(Clone, Copy)]
enum Witness {
    /// The scenarios of the tree, on this backend.
    Scenarios(&'static str),
    /// Random ones.
    Swarm,
    /// The compiler alone: a fault that does not compile proves nothing.
    Compiler,
}

fn main() -> anyhow::Result<ExitCode> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    let text = fs::read_to_string(root.join("harness/mutants.toml"))?;
    let (options, wanted): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|word| word.starts_with("--"));
    let witness = match options.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => Witness::Scenarios("sim"),
        ["--netns"] => Witness::Scenarios("netns"),
        ["--swarm"] => Witness::Swarm,
        ["--check"] => Witness::Compiler,
        _ => anyhow::bail!("the only options are --netns, --swarm and --check"),
    };
    let mut mutants = toml::from_str::<Mutants>(&text)?.mutant;
    mutants.retain(|mutant| {
        wanted.is_empty() || wanted.iter().any(|word| mutant.name.contains(word.as_str()))
    });
    let tree = root.join("target/mutants/tree");
    copy(&root, &tree)?;
    let noticed = match witness {
        Witness::Scenarios(_) => "scenarios that turn red",
        Witness::Swarm => "the first seed that finds it",
        Witness::Compiler => return check(&tree, &mutants),
    };
    put_all(&tree, &mutants)?;
    build(&tree, "build")?;
    let names: Vec<String> = red(&tree, witness, 0)?.into_iter().map(|red| red.name).collect();
    anyhow::ensure!(names.is_empty(), "without any fault these fail: {}", names.join(", "));
    println!("| fault | function | {noticed} |\n|---|---|---|");
    let mut survivors = 0;
    for (index, mutant) in mutants.iter().enumerate() {
        let red = red(&tree, witness, index + 1).with_context(|| mutant.name.clone())?;
        let by_name =
            mutant.interval.as_deref().filter(|_| matches!(witness, Witness::Scenarios(_)));
        let by_name = by_name.map(|word| claims_of(&red, word));
        survivors += usize::from(red.is_empty() || by_name.as_ref().is_some_and(Vec::is_empty));
        let by_name = by_name.map(|claims| match claims.as_slice() {
            [] => "; **none by name**".to_owned(),
            claims => format!("; by name {}", some(claims, SHOWN_CLAIMS)),
        });
        let names = red.into_iter().map(|red| format!("`{}`", red.name));
        let names: Vec<String> = names.collect();
        let red = if names.is_empty() { "**none**".to_owned() } else { some(&names, SHOWN) };
        let red = red + &by_name.unwrap_or_default();
        println!("| {} | `{}` | {red} |", mutant.name, mutant.function);
    }
    Ok(if survivors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Which fault counts, in the tree: the number in this variable of the environment, 0 for none.
const NUMBER: &str = "CASTNET_FAULT";

/// Puts all faults into the tree.
fn put_all(tree: &Path, mutants: &[Mutant]) -> anyhow::Result<()> {
    let mut files = BTreeMap::<&str, Vec<(usize, &Mutant)>>::new();
    for (index, mutant) in mutants.iter().enumerate() {
        files.entry(&mutant.file).or_default().push((index + 1, mutant));
    }
    for (file, faults) in files {
        let number = if file.starts_with("src/") { "crate::fault()" } else { "castnet::fault()" };
        let sound = fs::read_to_string(tree.join(file)).with_context(|| file.to_owned())?;
        let faulty = place::put_all(&faults, &sound, number).map_err(anyhow::Error::msg)?;
        fs::write(tree.join(file), faulty)?;
    }
    let library = tree.join("src/lib.rs");
    let text = fs::read_to_string(&library)?;
    let fault = format!(
        "\n/// Which fault counts.\npub fn fault() -> usize {{\n    \
         static FAULT: std::sync::OnceLock<usize> = std::sync::OnceLock::new();\n    \
         *FAULT.get_or_init(|| std::env::var(\"{NUMBER}\").unwrap_or_default().parse().unwrap_or(0))\n}}\n"
    );
    Ok(fs::write(library, text + &fault)?)
}

/// Compiles the faults one by one.
fn check(tree: &Path, mutants: &[Mutant]) -> anyhow::Result<ExitCode> {
    println!("| fault | function | the compiler |\n|---|---|---|");
    let mut broken = 0;
    for mutant in mutants {
        let file = tree.join(&mutant.file);
        let sound = fs::read_to_string(&file).with_context(|| mutant.file.clone())?;
        fs::write(&file, mutant.put(&sound).map_err(anyhow::Error::msg)?)?;
        let built = build(tree, "check");
        fs::write(&file, sound)?;
        broken += usize::from(built.is_err());
        let answer =
            built.map_or_else(|why| format!("**does not compile**: {why}"), |()| "compiles".into());
        println!("| {} | `{}` | {answer} |", mutant.name, mutant.function);
    }
    Ok(if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn without_golden(scenario: &str) -> String {
    scenario.split_inclusive('\n').filter(|line| !line.starts_with("golden")).collect()
}

/// The first of them, and how many more there are.
fn some(all: &[String], shown: usize) -> String {
    let shown = all.len().min(shown);
    let rest = match all.len() - shown {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{rest}", all[..shown].join(", "))
}

/// Copies what is needed to build castnet and to run the scenarios. What is kept of earlier runs stays
/// behind: it would tell any change, and here a claim has to.
fn copy(root: &Path, tree: &Path) -> anyhow::Result<()> {
    if tree.exists() {
        fs::remove_dir_all(tree)?;
    }
    let files = ["Cargo.toml", "Cargo.lock", "README.md", "clippy.toml"];
    // The manifest names tests, without which it cannot be read.
    let folders = ["src", "tests", "harness", "scenarios"];
    let mut pending: Vec<PathBuf> = files.into_iter().chain(folders).map(PathBuf::from).collect();
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

/// What has noticed a fault.
struct Red {
    /// The scenario, or the seed.
    name: String,
    /// The claims that failed, in words.
    claims: Vec<String>,
}

/// The scenarios whose failed claims name the interval, each with the first such claim.
fn claims_of(red: &[Red], interval: &str) -> Vec<String> {
    let is_word = |c: char| c.is_ascii_alphanumeric();
    let named = |claim: &&String| claim.split(|c| !is_word(c)).any(|word| word == interval);
    let claims = red.iter().filter_map(|Red { name, claims }| {
        Some(format!("`{name}` ({})", claims.iter().find(named)?))
    });
    claims.collect()
}

/// Builds castnet of this tree below `target/mutants`, or only checks it.
fn build(tree: &Path, verb: &str) -> anyhow::Result<()> {
    let built = Command::new(env!("CARGO"))
        .args([verb, "--quiet", "--bin", "castnet"])
        .env("CARGO_TARGET_DIR", tree.join("../target"))
        .current_dir(tree)
        .output()?;
    // A fault may well leave something unused, and nobody wants to read warnings.
    let said = String::from_utf8_lossy(&built.stderr);
    let error = said.lines().find(|line| line.starts_with("error")).unwrap_or("no reason given");
    anyhow::ensure!(built.status.success(), "{error}");
    Ok(())
}

/// The scenarios that fail with this fault, or the first seed that does. One that could not be judged says
/// nothing, and so nothing of its run counts.
fn red(tree: &Path, witness: Witness, number: usize) -> anyhow::Result<Vec<Red>> {
    let target = tree.join("../target");
    let said = |args: &[&str]| -> anyhow::Result<serde_json::Value> {
        let castnet = Command::new(target.join("debug/castnet"))
            .args(args)
            .current_dir(tree)
            .env(NUMBER, number.to_string())
            .output()?;
        let said = serde_json::from_slice(&castnet.stdout);
        said.with_context(|| String::from_utf8_lossy(&castnet.stderr).into_owned())
    };
    let backend = match witness {
        Witness::Compiler => return Ok(Vec::new()),
        Witness::Scenarios(backend) => backend,
        Witness::Swarm => {
            // One at a time, so that the first one found is the first one there is.
            let args = ["swarm", "--json", "--jobs", "1", "--seeds", SEEDS, "--out", "../captures"];
            let report = said(&args)?;
            let found = report["found"].as_array().context("nothing about findings")?;
            let seed = |found: &serde_json::Value| format!("seed {}", found["seed"]);
            let red = found.iter().map(|found| Red { name: seed(found), claims: Vec::new() });
            return Ok(red.collect());
        }
    };
    let report =
        said(&["run", "--json", "--backend", backend, "--out", "../captures", "scenarios"])?;
    let runs = report["runs"].as_array().context("no runs in the report")?;
    anyhow::ensure!(!runs.is_empty(), "no scenario was run");
    let red = runs.iter().filter(|run| run["outcome"] == "fail" || run["outcome"] == "vacuous");
    let red = red.filter_map(|run| {
        let failed = run["findings"].as_array()?.iter().filter(|one| one["outcome"] == "fail");
        let claims = failed.filter_map(|one| one["claim"].as_str().map(str::to_owned)).collect();
        Some(Red { name: run["scenario"].as_str()?.to_owned(), claims })
    });
    Ok(red.collect())
}
