//! What a scenario of strangers may read: templates in its own tree, and nothing else.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use castnet_lab::plan::{LoadError, load, load_within};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use super::{SCENARIO, TEMPLATE};

/// What no message may show.
const SECRET: &str = "correct-horse-battery";

/// A stranger's folder in a folder of the user's, with templates and secrets all around.
fn tree() -> tempfile::TempDir {
    let user = tempfile::tempdir().unwrap();
    let at = |name: &str| user.path().join(name);
    for folder in ["stranger/shared", "stranger/.git-less", "else"] {
        fs::create_dir_all(at(folder)).unwrap();
    }
    let secret = format!("template = \"{SECRET}\"\n{SECRET} = 1\n[[[{SECRET}\n");
    for name in ["else/secret.toml", "secret.toml", "secret", "stranger/shared/.token.toml"] {
        fs::write(at(name), &secret).unwrap();
    }
    fs::write(at("stranger/shared/id_rsa"), &secret).unwrap();
    fs::write(at("else/lan.toml"), TEMPLATE).unwrap();
    fs::write(at("stranger/shared/lan.toml"), TEMPLATE).unwrap();
    symlink("../../else/secret.toml", at("stranger/shared/file.toml")).unwrap();
    symlink("../else", at("stranger/folder")).unwrap();
    symlink("/dev/zero", at("stranger/zero.toml")).unwrap();
    symlink("loop.toml", at("stranger/loop.toml")).unwrap();
    mkfifo(&at("stranger/pipe.toml"), Mode::S_IRWXU).unwrap();
    user
}

fn extends(scenario: &Path, named: &str) {
    fs::write(scenario, SCENARIO.replace("shared/lan.toml", named)).unwrap();
}

#[test]
fn what_is_no_template_of_the_tree_is_refused_at_its_key_and_not_shown() {
    let user = tree();
    let scenario = user.path().join("stranger/x.toml");
    let absolute = user.path().join("stranger/shared/lan.toml");
    for (named, why) in [
        (absolute.to_str().unwrap(), "a path of this machine"),
        ("/etc/passwd", "a path of this machine"),
        ("/dev/zero", "a path of this machine"),
        ("/proc/self/environ", "a path of this machine"),
        ("../secret.toml", "this scenario may only read below"),
        ("../secret", "this scenario may only read below"),
        ("shared/../../else/secret.toml", "this scenario may only read below"),
        ("../else/lan.toml", "this scenario may only read below"),
        ("shared/file.toml", "this scenario may only read below"),
        ("folder/secret.toml", "this scenario may only read below"),
        ("shared/.token.toml", "what a scenario reads is a file *.toml that is not hidden"),
        ("shared/id_rsa", "what a scenario reads is a file *.toml that is not hidden"),
        ("zero.toml", "not a file"),
        ("pipe.toml", "not a file"),
        ("shared", "not a file"),
        ("loop.toml", "Too many levels of symbolic links"),
    ] {
        extends(&scenario, named);
        let Err(LoadError::Rejected(rejected)) = load(&scenario) else { panic!("{named}") };
        let told = rejected.render(false);
        assert!(told.contains("x.toml:2:11") && told.contains(why), "{named}: {told}");
        assert!(!told.contains(SECRET) && !told.contains("root:"), "{named}: {told}");
    }
    extends(&scenario, "./shared/../shared/lan.toml");
    assert_eq!(load(&scenario).unwrap().len(), 1);
}

#[test]
fn who_wants_more_names_the_folder() {
    let user = tree();
    let scenario = user.path().join("stranger/x.toml");
    for named in ["../else/lan.toml", "folder/lan.toml"] {
        extends(&scenario, named);
        assert!(load(&scenario).is_err(), "{named}");
        assert!(load_within(&scenario, &[user.path().join("stranger")]).is_err(), "{named}");
        assert_eq!(load_within(&scenario, &[user.path().join("else")]).unwrap().len(), 1);
    }
    // A repository is one tree, and so is what has its scenarios in a folder of that name.
    fs::create_dir(user.path().join(".git")).unwrap();
    assert_eq!(load(&scenario).unwrap().len(), 1);
    fs::remove_dir(user.path().join(".git")).unwrap();
    fs::create_dir(user.path().join("scenarios")).unwrap();
    let scenario = user.path().join("scenarios/x.toml");
    extends(&scenario, "../else/lan.toml");
    assert_eq!(load(&scenario).unwrap().len(), 1);
    extends(&scenario, "../../etc/lan.toml");
    assert!(load(&scenario).is_err());
}
