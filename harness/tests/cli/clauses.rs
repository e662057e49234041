//! Which clauses the scenarios prove.

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use super::{castnet, folder, scenario, tests, text};

tests! {
    Nothing:
        a_clause_is_proved_by_the_expectation_of_a_run_that_passed,
        a_clause_of_a_run_that_failed_is_failing_and_the_exit_code_says_so,
        what_only_code_names_is_cited_and_what_cannot_show_has_its_reason;
}

/// A scenario that claims a clause of routers, and code that cites another one.
fn one(name: &str, count: &str) -> PathBuf {
    let folder = folder(name);
    fs::create_dir_all(folder.join("src")).unwrap();
    let text = format!("{}proves = [\"RFC2236-3-06\"]\n", scenario(count, "general-query"));
    fs::write(folder.join("one.toml"), text).unwrap();
    fs::write(folder.join("src/a.rs"), "// Nothing.\n// RFC2236-3-07, RFC2236-3-06.\n").unwrap();
    folder
}

fn json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

fn a_clause_is_proved_by_the_expectation_of_a_run_that_passed() {
    let folder = one("proved", "1");
    let output = castnet(&folder, &["clauses", "one.toml", "--rfc", "RFC2236-3-06"]);
    let told = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{told}");
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines[0], "RFC 2236, 1 clause: 1 proved");
    assert!(lines[1].contains("RFC2236-3-06  proved") && lines[1].ends_with("one:4"), "{told}");
    let told = json(&castnet(&folder, &["clauses", "one.toml", "--rfc", "2236", "--json"]));
    assert_eq!(told["rfcs"][0]["proved"], 1);
    let clauses = told["clauses"].as_array().unwrap();
    let proved = clauses.iter().find(|clause| clause["state"] == "proved").unwrap();
    assert_eq!(proved["by"][0]["line"], 4);
    assert_eq!(proved["by"][0]["outcome"], "pass");
    assert_eq!(proved["cited"][0], "src/a.rs:2");
}

fn a_clause_of_a_run_that_failed_is_failing_and_the_exit_code_says_so() {
    let folder = one("failing", "9");
    let output = castnet(&folder, &["clauses", "one.toml", "--state", "failing", "--markdown"]);
    let told = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("| RFC2236-3-06 | failing |") && told.contains("one:4 FAIL"), "{told}");
    // The exit code is about all clauses, not only the printed ones.
    let output = castnet(&folder, &["clauses", "one.toml", "--rfc", "1112"]);
    assert_eq!(output.status.code(), Some(1));
}

fn what_only_code_names_is_cited_and_what_cannot_show_has_its_reason() {
    let folder = one("cited", "1");
    let cited = text(&castnet(&folder, &["clauses", "one.toml", "--rfc", "RFC2236-3-07"]).stdout);
    assert!(cited.contains("cited") && cited.contains("src/a.rs:2"), "{cited}");
    let hidden = text(&castnet(&folder, &["clauses", "one.toml", "--rfc", "RFC1112-I-04"]).stdout);
    assert!(hidden.contains("open") && hidden.contains("does not show on a link"), "{hidden}");
    for (arguments, why) in [
        (&["--rfc", "RFC9999"][..], "no clause of the catalogue begins so"),
        (&["--state", "done"], "a state is one of proved, failing, unrun, cited, open"),
        (&["--code", "nowhere"], "--code nowhere: no folder"),
    ] {
        let output = castnet(&folder, &[&["clauses", "one.toml"], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).contains(why), "{}", text(&output.stderr));
    }
}
