//! `castnet new`: what it writes runs and passes, and nothing is ever overwritten.

use std::fs;

use super::{castnet, folder, tests, text};

tests! {
    Nothing:
        what_is_there_is_not_overwritten,
        a_dash_is_standard_output,
        a_schema_beside_the_scenario_is_named_in_it;
    Kernel: the_first_scenario_is_sound_and_passes;
}

fn the_first_scenario_is_sound_and_passes() {
    let folder = folder("new");
    let output = castnet(&folder, &["new", "first.toml"]);
    let stderr = text(&output.stderr);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(0), String::new()), "{stderr}");
    assert!(stderr.contains("castnet run first.toml"), "{stderr}");
    let checked = castnet(&folder, &["check", "first.toml"]);
    assert_eq!(checked.status.code(), Some(0), "{}", text(&checked.stderr));
    let output = castnet(&folder, &["run", "first.toml"]);
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{stdout}");
    assert!(stdout.starts_with("PASS        first  [netns]"), "{stdout}");
}

fn what_is_there_is_not_overwritten() {
    let folder = folder("new-twice");
    assert_eq!(castnet(&folder, &["new"]).status.code(), Some(0));
    let file = folder.join("scenario.toml");
    fs::write(&file, "mine").unwrap();
    let output = castnet(&folder, &["new"]);
    assert_eq!(output.status.code(), Some(2));
    let stderr = text(&output.stderr);
    assert!(stderr.contains("scenario.toml: is there already"), "{stderr}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    for (path, why) in [(".", "there already"), ("absent/x.toml", "No such file")] {
        let output = castnet(&folder, &["new", path]);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(stderr.contains(why), "{stderr}");
    }
}

fn a_dash_is_standard_output() {
    let folder = folder("new-stdout");
    let output = castnet(&folder, &["new", "-"]);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    castnet(&folder, &["new", "x.toml"]);
    assert_eq!(fs::read_to_string(folder.join("x.toml")).unwrap(), text(&output.stdout));
}

/// The scenario names the schema beside it, from which an editor completes.
fn a_schema_beside_the_scenario_is_named_in_it() {
    let folder = folder("new-schema");
    let schema = castnet(&folder, &["schema"]);
    assert_eq!((schema.status.code(), text(&schema.stderr)), (Some(0), String::new()));
    let json: serde_json::Value = serde_json::from_slice(&schema.stdout).unwrap();
    assert_eq!(json["$schema"], "http://json-schema.org/draft-07/schema#");
    fs::write(folder.join("castnet.schema.json"), &schema.stdout).unwrap();
    castnet(&folder, &["new"]);
    let written = fs::read_to_string(folder.join("scenario.toml")).unwrap();
    assert!(written.starts_with("#:schema ./castnet.schema.json\ntitle = "), "{written}");
    assert_eq!(castnet(&folder, &["check", "scenario.toml"]).status.code(), Some(0));
}
