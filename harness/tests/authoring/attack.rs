//! Hostile files: each is refused at once and in few words, or means what it says.

use std::fs;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use super::Files;

/// The scenario of `castnet new`.
const SOUND: &str = include_str!("../../src/cli/first.toml");

/// The most octets of text that the answer to any of these files may have.
const FEW: usize = 50_000;

fn told(name: &str, bytes: &[u8]) -> String {
    let files = Files::new(&format!("attack-{name}"), &[]);
    files.write("x.toml", bytes);
    let told = files.told("x.toml");
    assert!(told.len() < FEW, "{name}: {} octets", told.len());
    assert!(told.chars().all(|c| c == '\n' || !c.is_control()), "{name} is obeyed: {told}");
    fs::remove_dir_all(&files.0).unwrap();
    told
}

fn assert_told(name: &str, text: &str, what: &str) {
    let told = told(name, text.as_bytes());
    assert!(told.contains(what), "{name}: {what:?} is missing in\n{told}");
}

fn changed(old: &str, new: &str) -> String {
    assert!(SOUND.contains(old), "{old}");
    SOUND.replacen(old, new, 1)
}

#[test]
fn deep_nesting() {
    let deep =
        |open: &str, close: &str| format!("x = {}1{}", open.repeat(100_000), close.repeat(100_000));
    assert_told("arrays", &deep("[", "]"), "max recursion depth met");
    assert_told("tables", &deep("{ a = ", " }"), "max recursion depth met");
    assert_told("keys", &format!("a{} = 1", ".a".repeat(100_000)), "recursion limit");
    let inner = format!("x = {}{}\n[links]", "[".repeat(70), "]".repeat(70));
    assert_told("inner", &changed("[links]", &inner), "unknown key `x` of a scenario");
}

#[test]
fn numbers_and_strings_of_any_size() {
    let version = |number: &str| {
        changed("role = \"listener\"", &format!("role = \"listener\", igmp-version = {number}"))
    };
    let whole = "`igmp-version` is a whole number, 1 to 3";
    assert_told("digits", &version(&"9".repeat(100_000)), whole);
    assert_told("hex", &version("0xffffffffffffffffffffff"), whole);
    assert_told("float", &version("1e999999"), whole);
    assert_told("zero", &version("-0"), "there is no IGMP version 0");
    assert_told("same", &version("0x2"), "NOTHING IS WRONG");
    let sum = format!("\"{}1\"", "4000000000*LMQC + ".repeat(500));
    assert_told("sum", &changed("\"LMQC\"", &sum), "a count is 0 to 4294967295");
    let longer = format!("\"{}1\"", "4000000000*LMQC + ".repeat(40_000));
    assert_told("longer", &changed("\"LMQC\"", &longer), "`count` has at most 10000 octets");
    assert_told("long", &changed("239.1.1.1", &"2".repeat(9_000)), "is an IPv4 address");
    let longest = "`group` has at most 10000 octets";
    assert_told("longest", &changed("239.1.1.1", &"2".repeat(900_000)), longest);
    let title = format!("title = \"{}", "x".repeat(900_000));
    assert_told("title", &changed("title = \"", &title), "`title` has at most 200 octets");
}

#[test]
fn characters_that_do_not_belong() {
    assert_told("nul", &changed("[links]", "\0[links]"), "this is not TOML");
    assert_told("nul-name", &changed("\"s1\"", "\"s\\u0000\""), "unknown node `s\\u{0}`");
    let exec =
        "[[act]]\nat = \"1s\"\nexec = { who = \"h1\", command = [\"a\\u0000\"] }\n[[expect]]";
    assert_told("nul-word", &changed("[[expect]]", exec), "no program can be given a NUL");
    assert_told("wide", &changed("s1 =", "\"ｓ1\" ="), "`ｓ1` cannot be the name of a node");
    assert_told("crlf", &SOUND.replace('\n', "\r\n"), "NOTHING IS WRONG");
    assert_told("cr", &SOUND.replace('\n', "\r"), "this is not TOML");
    for (name, bytes) in [
        ("surrogate", &b"title = \"\xed\xa0\x80\"\n"[..]),
        ("overlong", b"title = \"\xc0\x80\"\n"),
        ("utf16", b"\xff\xfet\0i\0t\0"),
    ] {
        assert!(told(name, bytes).contains("this is not UTF-8"), "{name}");
    }
}

#[test]
fn a_megabyte_of_anything() {
    let many = |text: &str, count: usize| format!("{SOUND}{}", text.repeat(count));
    assert_told("comment", &many("# x\n", 250_000), "NOTHING IS WRONG");
    assert_told("more", &many("# x\n", 2_500_000), "larger than 1024 KiB, which no scenario is");
    let expect = "[[expect]]\npacket = { on = \"lan\", kind = \"query\" }\ncount = \">= 1\"\n";
    assert_told("expect", &many(expect, 15_000), "NOTHING IS WRONG");
    let fault = "[[fault]]\non = \"lan\"\ndrop = true\n";
    assert_told("fault", &many(fault, 25_000), "a scenario has at most 1000 faults");
    assert_told("act", &many("[[act]]\nat = \"1s\"\n", 50_000), "more faults are not shown");
    assert_told("lines", &"= = =\n".repeat(150_000), "this is not TOML");
    let link = format!("[links]\n{}", "x = [\"s1\"]\n".repeat(80_000));
    assert_told("links", &changed("[links]", &link), "this key stands twice");
}

#[test]
fn nothing_where_something_is_wanted() {
    let empty = "title = \"x\"\nlinks = {}\nnodes = {}\nact = []\nexpect = []\n";
    assert_told("empty", empty, "without expectations proves nothing");
    let turned = "title = \"x\"\nlinks = []\nnodes = []\nact = {}\nfault = {}\nexpect = {}\n";
    for what in ["[links] is a table", "[nodes] is a table", "`act` is a list", "`expect` is a"] {
        assert_told("turned", turned, what);
    }
    let time = |value: &str| changed("at = \"0s\"", &format!("at = {value}"));
    assert_told("date", &time("1979-05-27"), "`at` is a time such as");
    assert_told("infinite", &time("inf"), "`at` is a time such as");
}

#[test]
fn matrices_that_explode() {
    let matrix = |matrix: &str| changed("[links]", &format!("[matrix]\n{matrix}\n[links]"));
    let parameters: String = (0..20_000).map(|n| format!("p{n} = [1, 2]\n")).collect();
    assert_told("many", &matrix(&parameters), "a scenario has at most 100 combinations");
    let bomb = matrix(&format!("a = [\"{}\"]", "x".repeat(65)));
    assert_told("value", &bomb, "a value is at most 64 octets long");
    let bomb = bomb.replacen("title = \"", &format!("title = \"{}", "${a}".repeat(100_000)), 1);
    assert_told("bomb", &bomb, "`title` has at most 200 octets");
    let names: String = (0..9).map(|n| format!("p{n} = [\"{}\"]\n", "x".repeat(50))).collect();
    let used: String = (0..9).map(|n| format!("${{p{n}}}")).collect();
    let names = matrix(&names).replacen("title = \"", &format!("title = \"{used}"), 1);
    assert_told("names", &names, "a combination makes a name that no file can have");
    let open = changed("title = \"", &format!("title = \"{}", "${".repeat(40)));
    assert_told("open", &open, "a reference to a parameter is `${name}`");
    let itself = matrix("a = [\"${a}\"]").replacen("\"0s\"", "\"${a}\"", 1);
    assert_told("itself", &itself, "`at` is a time such as");
}

/// castnet neither waits for a writer that never comes, nor reads without end.
#[test]
fn what_is_no_file() {
    let files = Files::new("attack-no-file", &[("x.toml", SOUND)]);
    mkfifo(&files.0.join("pipe.toml"), Mode::S_IRWXU).unwrap();
    assert!(files.told("pipe.toml").contains("this file says nothing"));
    fs::create_dir(files.0.join("folder.toml")).unwrap();
    assert!(files.told("folder.toml").contains("Is a directory"));
    std::os::unix::fs::symlink("loop.toml", files.0.join("loop.toml")).unwrap();
    assert!(files.told("loop.toml").contains("Too many levels of symbolic links"));
    for (device, why) in [("/dev/zero", "larger than 1024 KiB"), ("/dev/null", "says nothing")] {
        assert!(files.told(device).contains(why), "{device}");
    }
}
