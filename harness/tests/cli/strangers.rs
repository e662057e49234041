//! Text of strangers in what castnet prints and writes: it is shown, and never obeyed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{CASTNET, castnet, folder, tests, text};

tests! {
    Nothing:
        nothing_of_a_scenario_is_obeyed,
        nothing_of_a_wrong_file_is_obeyed,
        nothing_of_a_capture_is_obeyed,
        a_run_is_repeated_by_the_line_that_says_how;
    Kernel: nothing_that_a_program_prints_is_obeyed;
}

/// Clears the screen, sets the title, turns text around, and rings, each in another way.
const EVIL: &str = "A\u{1b}[2JB\u{9b}31mC\u{1b}]0;t\u{7}D\u{202e}E\u{2066}F\u{7f}G\u{8}H";

fn harms(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[track_caller]
fn is_harmless(what: &str, shown: &str) {
    if let Some(at) = shown.find(harms) {
        let begin = shown[..at].rfind('\n').map_or(0, |begin| begin + 1);
        let line = shown[begin..].lines().next().unwrap_or_default();
        panic!("{what} would be obeyed: {line:?}");
    }
}

/// EVIL as TOML writes it.
fn in_toml() -> String {
    EVIL.chars()
        .map(|c| if harms(c) { format!("\\u{:04X}", u32::from(c)) } else { c.to_string() })
        .collect()
}

/// A scenario that fails, with EVIL wherever an author may write what he likes.
fn evil() -> String {
    let evil = in_toml();
    format!(
        "title = \"{evil}\"\n\
         golden = [\"sim\"]\n\
         links = {{ lan = [\"r1\", \"h1\"] }}\n\
         nodes = {{ r1 = {{ role = \"router\" }}, h1 = {{ role = \"listener\" }} }}\n\
         [backends]\nonly = [\"sim\"]\nbecause = \"{evil}\"\n\
         [invariants]\noff = [{{ name = \"no-return\", because = \"{evil}\" }}]\n\
         [[act]]\nat = \"1s\"\nname = \"join\"\njoin = {{ who = \"h1\", group = \"239.1.1.1\" }}\n\
         [[expect]]\n\
         packet = {{ on = \"lan\", kind = \"general-query\", from = \"r1\" }}\n\
         count = 9\nafter = \"join\"\nwithin = \"100ms\"\n"
    )
}

fn evil_folder(name: &str, scenario: &str) -> PathBuf {
    let folder = folder(name).join(EVIL);
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join(format!("{EVIL}.toml")), scenario).unwrap();
    folder.parent().unwrap().to_owned()
}

/// Every text file below the folder.
fn all_files(folder: &Path, check: &mut impl FnMut(&Path, &str)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all_files(&path, check);
        } else if let Ok(text) = fs::read_to_string(&path) {
            check(&path, &text);
        }
    }
}

fn nothing_of_a_scenario_is_obeyed() {
    let folder = evil_folder("evil", &evil());
    let reports = ["--junit", "out/x.xml", "--summary", "out/x.md", "--html", "--out", "out"];
    for options in [&reports[..], &["--json"], &["-v"], &["--list"], &["--list", "--json"]] {
        let output = castnet(&folder, &[&["run", "--backend", "sim"], options, &["."]].concat());
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        let wanted = if options.contains(&"--list") { 0 } else { 1 };
        assert_eq!(output.status.code(), Some(wanted), "{stdout:?}{stderr:?}");
        is_harmless("stdout", &stdout);
        is_harmless("stderr", &stderr);
        if options.contains(&"--json") {
            // For a program the text is what it was.
            let document: serde_json::Value = serde_json::from_str(&stdout).unwrap();
            let rows = document.get("runs").unwrap_or(&document["scenarios"]);
            assert!(rows[0]["path"].as_str().unwrap().contains(EVIL), "{stdout}");
        }
    }
    let mut kinds = Vec::new();
    all_files(&folder.join("out"), &mut |path, text| {
        is_harmless(&path.display().to_string(), text);
        // What the page of HTML reads from its facts is harmless as well.
        for escape in ["\\u001b", "\\u202e", "\\u009b", "\\u0007", "\\u007f"] {
            assert!(!text.contains(escape), "{escape} in {}", path.display());
        }
        kinds.push(path.extension().unwrap().to_owned());
    });
    kinds.sort();
    assert_eq!(kinds, ["html", "html", "md", "xml"]);
    let path = format!("{EVIL}/{EVIL}.toml");
    for arguments in [
        &["check", "."][..],
        &["check", "--json", "."],
        &["run", "."],
        &["trace", "--backend", "sim", &path],
        &["trace", "--backend", "sim", "--exact", &path],
        &["run", "--backend", "netns", "."],
        &["diff-backends", "."],
        &["review", "--list", EVIL],
        &["review", "--show", EVIL],
    ] {
        let output = castnet(&folder, arguments);
        is_harmless(arguments[0], &text(&output.stdout));
        is_harmless(arguments[0], &text(&output.stderr));
    }
}

fn nothing_of_a_wrong_file_is_obeyed() {
    // As escapes of TOML, and as they are, where TOML allows them and where not.
    let escaped = evil().replace("lan = [", "\"\\u001B[2J\" = [").replace("count", "cuont");
    let raw = format!("{} # {EVIL}\n'{EVIL}' = 1\n[{EVIL}]\n", escaped);
    let bidi = "title = '\u{202e}\u{9b}31m' # \u{2066}\n\u{202e} = 1\nnods = 1\n".to_owned();
    let binary = format!("title = \"{EVIL}\" \u{0}\n");
    for (name, wrong) in [("1", &escaped), ("2", &raw), ("3", &bidi), ("4", &binary)] {
        let folder = evil_folder(&format!("evil-wrong-{name}"), wrong);
        let reports = ["--junit", "x.xml", "--summary", "x.md", "--json"];
        for arguments in [
            &["check", "."][..],
            &["check", "--json", "."],
            &["run", "."],
            &[&["run"][..], &reports, &["."]].concat(),
            &["up", &format!("{EVIL}/{EVIL}.toml")],
        ] {
            let output = castnet(&folder, arguments);
            assert_eq!(output.status.code(), Some(2), "{arguments:?}");
            is_harmless(name, &text(&output.stdout));
            is_harmless(name, &text(&output.stderr));
        }
        for report in ["x.xml", "x.md"] {
            is_harmless(report, &fs::read_to_string(folder.join(report)).unwrap());
        }
    }
    let folder = folder("evil-arguments");
    for arguments in [&["run", EVIL][..], &["show", EVIL], &["check", EVIL], &["new", EVIL]] {
        let output = castnet(&folder, arguments);
        is_harmless(arguments[0], &text(&output.stderr));
    }
}

/// A block of pcapng: type, body, options.
fn block(kind: u32, body: &[u8], options: &[(u16, &str)]) -> Vec<u8> {
    let padded =
        |bytes: &[u8]| [bytes, &vec![0; bytes.len().next_multiple_of(4) - bytes.len()]].concat();
    let mut inside = padded(body);
    for (code, value) in options {
        inside.extend(code.to_le_bytes());
        inside.extend(u16::try_from(value.len()).unwrap().to_le_bytes());
        inside.extend(padded(value.as_bytes()));
    }
    inside.extend([0; 4]);
    let length = u32::try_from(inside.len() + 12).unwrap().to_le_bytes();
    [&kind.to_le_bytes()[..], &length, &inside, &length].concat()
}

fn nothing_of_a_capture_is_obeyed() {
    let folder = folder("evil-capture");
    // Byte order, version 1.0, a length that is not known; Ethernet; one frame of broken octets.
    let section = [&0x1a2b_3c4d_u32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xff; 8]].concat();
    let frame = [&[0xff; 12][..], &[8, 0], EVIL.as_bytes()].concat();
    let octets = u32::try_from(frame.len()).unwrap().to_le_bytes();
    let packet = [&[0; 12][..], &octets, &octets, &frame].concat();
    let capture = [
        block(0x0a0d_0d0a, &section, &[(1, EVIL), (4, EVIL)]),
        block(1, &[1, 0, 0, 0, 0, 0, 4, 0], &[(2, EVIL), (3, EVIL)]),
        block(6, &packet, &[(1, EVIL)]),
    ]
    .concat();
    fs::write(folder.join(EVIL), capture).unwrap();
    fs::write(folder.join("x.toml"), evil()).unwrap();
    for arguments in [
        &["show", EVIL][..],
        &["show", "--ladder", EVIL],
        &["show", "--addresses", EVIL],
        &["show", "--igmp", EVIL],
        &["diff", EVIL, EVIL],
        &["diff", "--json", EVIL, EVIL],
        &["judge", "x.toml", EVIL],
        &["judge", "x.toml", EVIL, "--port", &format!("h1:lan={EVIL}")],
    ] {
        let output = castnet(&folder, arguments);
        is_harmless(&format!("{arguments:?}"), &text(&output.stdout));
        is_harmless(&format!("{arguments:?}"), &text(&output.stderr));
    }
    let shown = text(&castnet(&folder, &["show", EVIL]).stdout);
    assert!(shown.contains("A\\u{1b}[2JB\\u{9b}31mC"), "{shown}");
}

fn nothing_that_a_program_prints_is_obeyed() {
    let folder = folder("evil-exec");
    let script = format!("printf '%s\\n' '{}' >&2; exit 3", in_toml());
    let scenario = evil().replace("only = [\"sim\"]", "only = [\"netns\"]")
        + &format!(
            "[[act]]\nat = \"1s\"\nexec = {{ who = \"h1\", command = [\"sh\", \"-c\", \"{script}\"] }}\n"
        );
    let scenario = scenario.replace("'%s\\n'", "'%s'");
    fs::write(folder.join("x.toml"), scenario).unwrap();
    let options = ["--junit", "x.xml", "--summary", "x.md", "--html"];
    let output = castnet(&folder, &[&["run"][..], &options, &["x.toml"]].concat());
    let stdout = text(&output.stdout);
    assert!(stdout.contains("\\u{1b}[2J"), "{stdout:?}");
    is_harmless("stdout", &stdout);
    is_harmless("stderr", &text(&output.stderr));
    for report in ["x.xml", "x.md", "castnet-out/index.html"] {
        is_harmless(report, &fs::read_to_string(folder.join(report)).unwrap());
    }
}

fn a_run_is_repeated_by_the_line_that_says_how() {
    for (number, name) in
        ["a b.toml", "it's.toml", "$(touch x).toml", &format!("{EVIL}.toml")].iter().enumerate()
    {
        let folder = folder(&format!("repeat-{number}"));
        fs::write(folder.join(name), evil()).unwrap();
        let output = castnet(&folder, &["run", "--backend", "sim", "."]);
        let stdout = text(&output.stdout);
        let line = stdout.lines().find_map(|line| line.strip_prefix("  repeat   castnet "));
        let script = format!("'{CASTNET}' {}", line.expect(&stdout));
        is_harmless("repeat", &script);
        let mut again = Command::new("bash");
        again.env("LC_ALL", "C.UTF-8").args(["-c", &script]).current_dir(&folder);
        let again = again.output().unwrap();
        assert_eq!(again.status.code(), Some(1), "{script}: {}", text(&again.stderr));
        assert!(!folder.join("x").exists());
    }
}
