//! Which clauses a device conforms to, and what it takes to accuse it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::{CASTNET, castnet, folder, tests, text};

tests! {
    Nothing:
        castnet_deviates_from_no_clause_in_the_simulator,
        an_expectation_accuses_only_the_clause_that_it_alone_shows,
        a_run_that_proves_nothing_shows_no_clause,
        a_clause_of_one_host_says_nothing_of_another_kind_of_host,
        what_cannot_be_asked_is_refused;
    Kernel:
        a_silent_router_of_ones_own_deviates_where_it_shows;
}

fn json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", text(&output.stderr)))
}

/// The state of the clause for the device, in the document.
fn state<'a>(document: &'a serde_json::Value, id: &str, device: &str) -> &'a str {
    let clauses = document["clauses"].as_array().unwrap();
    let clause = clauses.iter().find(|clause| clause["id"] == id).unwrap();
    clause["devices"][device]["state"].as_str().unwrap()
}

fn castnet_deviates_from_no_clause_in_the_simulator() {
    let (root, out) = (Path::new(env!("CARGO_MANIFEST_DIR")).join(".."), folder("conformance"));
    let arguments = ["conformance", "scenarios", "--backend", "sim", "--json", "--out"];
    let output = Command::new(CASTNET).args(arguments).arg(&out).current_dir(root).output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let document = json(&output);
    let must = &document["devices"][0]["counts"]["MUST"];
    assert_eq!((&must["deviates"], &must["unclear"]), (&0.into(), &0.into()), "{must}");
    assert!(must["conforms"].as_u64().unwrap() > 250, "{must}");
    assert_eq!(state(&document, "RFC2236-3-23", "castnet"), "conforms");
    assert_eq!(state(&document, "RFC4605-4.1-01", "castnet"), "conforms");
    assert_eq!(state(&document, "RFC3376-7.3.1-03", "castnet"), "not-observable");
}

/// A scenario in which the second of two claims about Queries is wrong.
fn wrong(of_file: &str, of_first: &str, of_second: &str) -> String {
    let claim = |count, proves| {
        format!(
            "[[expect]]\npacket = {{ on = \"lan\", kind = \"general-query\", from = \"r1\" }}\n\
             count = {count}\nwithin = \"200ms\"\nproves = [{proves}]\n"
        )
    };
    format!(
        "title = \"t\"\nproves = [{of_file}]\nlinks = {{ lan = [\"r1\", \"h1\"] }}\n\
         nodes = {{ r1 = {{ role = \"router\" }}, h1 = {{ role = \"listener\" }} }}\n{}{}",
        claim("\">= 1\"", of_first),
        claim("9", of_second)
    )
}

fn told(name: &str, scenario: &str, more: &[&str]) -> (Option<i32>, serde_json::Value) {
    let folder = folder(name);
    std::fs::write(folder.join("one.toml"), scenario).unwrap();
    let arguments = ["conformance", "one.toml", "--backend", "sim", "--json"];
    let output = castnet(&folder, &[&arguments, more].concat());
    (output.status.code(), json(&output))
}

fn an_expectation_accuses_only_the_clause_that_it_alone_shows() {
    let (first, second) = ("\"RFC2236-3-06\"", "\"RFC2236-3-07\"");
    let (code, document) = told("accused", &wrong("", first, second), &[]);
    assert_eq!(code, Some(1));
    assert_eq!(state(&document, "RFC2236-3-07", "castnet"), "deviates");
    // The only failure is about another clause.
    assert_eq!(state(&document, "RFC2236-3-06", "castnet"), "conforms");
    // A control that fails leaves nothing certain.
    let (_, document) = told("control", &wrong("", first, ""), &[]);
    assert_eq!(state(&document, "RFC2236-3-06", "castnet"), "unclear");
    // A failure that may be about several clauses leaves what passed unclear.
    let two = format!("{second}, \"RFC2236-2.4-01\"");
    let (_, document) = told("several", &wrong("", first, &two), &[]);
    assert_eq!(state(&document, "RFC2236-3-06", "castnet"), "unclear");
    let (code, document) = told("together", &wrong(&format!("{first}, {second}"), "", ""), &[]);
    assert_eq!(code, Some(1));
    for id in ["RFC2236-3-06", "RFC2236-3-07"] {
        assert_eq!(state(&document, id, "castnet"), "unclear");
    }
    let (_, document) = told("only", &wrong(first, "", ""), &["--clause", "RFC2236-3-06"]);
    assert_eq!(document["clauses"].as_array().unwrap().len(), 1);
    let case = &document["clauses"][0]["devices"]["castnet"]["cases"][0];
    assert_eq!((&case["state"], &case["scenario"]), (&"deviates".into(), &"one@castnet".into()));
    let capture = PathBuf::from(case["pcapng"].as_str().unwrap());
    assert!(capture.starts_with("castnet-out/castnet"), "{case}");
}

fn a_run_that_proves_nothing_shows_no_clause() {
    let sound = wrong("", "\"RFC2236-3-06\"", "").replace("count = 9", "count = 1");
    let (code, document) = told("sound", &sound, &[]);
    assert_eq!((code, state(&document, "RFC2236-3-06", "castnet")), (Some(0), "conforms"));
    // Nobody ever joins, so that the absence of a Report proves nothing.
    let hollow = "[[expect]]\npacket = { on = \"lan\", kind = \"report\", group = \"239.9.9.9\" }\n\
                  count = 0\nwithin = \"200ms\"\n";
    let (_, document) = told("hollow", &format!("{sound}{hollow}"), &[]);
    assert_eq!(state(&document, "RFC2236-3-06", "castnet"), "not-run");
}

fn a_clause_of_one_host_says_nothing_of_another_kind_of_host() {
    let host = |stack: &str| {
        format!(
            "title = \"t\"\nlinks = {{ lan = [\"r1\", \"h1\"] }}\n\
             nodes = {{ r1 = {{ role = \"router\" }}, h1 = {{ role = \"listener\"{stack} }} }}\n\
             [[act]]\nat = \"1s\"\nname = \"join\"\njoin = {{ who = \"h1\", group = \"239.1.1.1\" }}\n\
             [[expect]]\npacket = {{ on = \"lan\", kind = \"report\", group = \"239.1.1.1\" }}\n\
             count = \">= 1\"\nafter = \"join\"\nwithin = \"500ms\"\nproves = [\"RFC2236-3-13\"]\n"
        )
    };
    let (_, document) = told("own-host", &host(", stack = \"castnet\""), &[]);
    assert_eq!(state(&document, "RFC2236-3-13", "castnet"), "conforms");
    let (_, document) = told("other-host", &host(""), &[]);
    assert_eq!(state(&document, "RFC2236-3-13", "castnet"), "not-run");
}

fn what_cannot_be_asked_is_refused() {
    let folder = folder("refused-devices");
    std::fs::write(folder.join("one.toml"), wrong("", "", "\"RFC2236-3-07\"")).unwrap();
    for (arguments, why) in [
        (&["--device", "frr", "--backend", "sim"][..], "--device frr needs --backend netns"),
        (&["--device", "linux-host", "--backend", "sim"], "--device linux-host needs"),
        (&["--device", "castnet", "--device", "castnet"], "--device castnet stands twice"),
        (&["--device", "r1=frr"], "its name alone"),
        (&["--device", "none"], "castnet ships castnet, castnet-smcrouted, castnetd"),
    ] {
        let output = castnet(&folder, &[&["conformance", "one.toml"], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).contains(why), "{}", text(&output.stderr));
    }
}

/// It asks for nobody, and says that it would.
fn a_silent_router_of_ones_own_deviates_where_it_shows() {
    let folder = folder("silent");
    let recipe = "software = \"a silent router\"\nfamilies = [\"ipv4\"]\nstarts = \"with-the-run\"\n\
                  [[program]]\ncommand = [\"sleep\", \"100\"]\n";
    std::fs::write(folder.join("mine.toml"), recipe).unwrap();
    let claim = "title = \"t\"\nlinks = { lan = [\"r1\", \"h1\"] }\n\
                 nodes = { r1 = { role = \"router\" }, h1 = { role = \"listener\" } }\n\
                 [[expect]]\npacket = { on = \"lan\", kind = \"general-query\", from = \"r1\" }\n\
                 count = \">= 1\"\nwithin = \"1s\"\nproves = [\"RFC2236-3-07\"]\n";
    std::fs::write(folder.join("one.toml"), claim).unwrap();
    let arguments = ["conformance", "one.toml", "--device", "./mine.toml", "--device", "castnet"];
    let output = castnet(&folder, &[&arguments[..], &["--json"]].concat());
    let document = json(&output);
    assert_eq!(output.status.code(), Some(1), "{document}");
    assert_eq!(state(&document, "RFC2236-3-07", "./mine.toml"), "deviates");
    assert_eq!(state(&document, "RFC2236-3-07", "castnet"), "conforms");
    assert_eq!(state(&document, "RFC2236-3-13", "./mine.toml"), "not-applicable");
}
