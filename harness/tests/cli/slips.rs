//! Slips of the pen: what castnet says that was probably meant.

use std::fs;

use super::{castnet, folder, scenario, tests, text};

tests! {
    Nothing:
        a_command_or_option_that_is_spelt_wrong_is_suggested,
        a_scenario_that_is_written_wrong_says_how_it_is_written,
        a_missing_golden_says_what_to_do;
}

fn a_command_or_option_that_is_spelt_wrong_is_suggested() {
    let folder = folder("slips");
    for (arguments, meant) in [
        (&["rnu", "a.toml"][..], "'run'"),
        (&["chekc"], "'check'"),
        (&["diff-backend"], "'diff-backends'"),
        (&["run", "--jnuit", "x.xml", "a.toml"], "'--junit'"),
        (&["run", "--oout=x", "a.toml"], "'--out'"),
        (&["show", "--laddre", "x"], "'--ladder'"),
        (&["--versoin"], "'--version'"),
    ] {
        let output = castnet(&folder, arguments);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let tip = stderr.lines().find(|line| line.trim_start().starts_with("tip: "));
        assert!(tip.is_some_and(|tip| tip.contains(meant)), "{arguments:?}: {stderr}");
    }
    let output = castnet(&folder, &["xyzzy"]);
    assert!(!text(&output.stderr).contains("tip: a similar"), "{}", text(&output.stderr));
}

fn a_scenario_that_is_written_wrong_says_how_it_is_written() {
    let folder = folder("written-wrong");
    let good = scenario("1", "general-query");
    let join = "[act]\nat = \"1s\"\njoin = { who = \"h1\", group = \"239.1.1.1\" }\n";
    let within = |text: &str| good.replace("\"200ms\"", &format!("\"{text}\""));
    let nodes = "[nodes.h1]\nrole = \"listener\"\n";
    let head = "title = \"t\"\nlinks = { lan = [\"r1\", \"h1\"] }\n[nodes.r1]\nrole = \"router\"\n";
    let expect = &good[good.find("[[expect]]").unwrap()..];
    for (wrong, told, count) in [
        (format!("{good}{join}{join}"), "write double brackets each time", 1),
        (within("LMQ"), "did you mean `LMQI`?", 1),
        (within("2LMQT"), "`2LMQT` is no time: write `2*LMQT`", 1),
        (format!("{head}{nodes}{nodes}{expect}"), "this key stands twice", 1),
    ] {
        fs::write(folder.join("x.toml"), &wrong).unwrap();
        let stderr = text(&castnet(&folder, &["check", "x.toml"]).stderr);
        assert!(stderr.contains(told), "{told:?} is missing in {stderr}");
        assert_eq!(stderr.matches("error: ").count(), count, "{stderr}");
    }
}

fn a_missing_golden_says_what_to_do() {
    let folder = folder("golden-missing");
    let text_of = format!("golden = [\"sim\"]\n{}", scenario("1", "general-query"));
    fs::write(folder.join("x.toml"), text_of).unwrap();
    let output = castnet(&folder, &["run", "--backend", "sim", "x.toml"]);
    let stdout = text(&output.stdout);
    assert!(stdout.contains("missing: nothing is kept of it yet"), "{stdout}");
    assert!(stdout.contains("a copied scenario can do without: the key is in line 1"), "{stdout}");
}
