//! Files that are barely scenarios, or not even text.

use castnet_lab::plan::{LoadError, load};

use super::{SOUND, told};

#[test]
fn files_that_are_hardly_scenarios() {
    let told =
        ["", "\n\n", "# later\n", "title = \"nothing else\"\n", "\u{feff}title = 3\n"].map(told);
    insta::assert_snapshot!(told.join("\n\n----\n\n"));
}

/// A file full of faults must be refused quickly.
#[test]
fn a_flood_of_faults_is_cut_off() {
    let keys: String = (0..20_000).map(|n| format!("k{n} = 1\n")).collect();
    let told = told(&keys);
    assert_eq!(told.matches("error: ").count(), 101);
    assert!(
        told.contains("error: 19904 more faults are not shown"),
        "{}",
        &told[told.len() - 300..]
    );
}

#[test]
fn files_that_cannot_be_read_as_text() {
    let folder = std::env::temp_dir().join(format!("castnet-diagnostics-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let told = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        std::fs::write(&path, bytes).unwrap();
        let told = match load(&path) {
            Ok(_) => "NOTHING IS WRONG".to_owned(),
            Err(LoadError::Rejected(rejected)) => rejected.render(false),
            Err(error) => error.to_string(),
        };
        told.replace(&folder.display().to_string(), "FOLDER")
    };
    let told = [
        told("latin1.toml", b"title = \"caf\xe9\"\n[links]\n"),
        told("cut.toml", b"title = \"caf\xc3"),
        told("huge.toml", &vec![b'#'; 1024 * 1024 + 1]),
    ];
    std::fs::remove_dir_all(&folder).unwrap();
    insta::assert_snapshot!(told.join("\n\n----\n\n"));
}

#[test]
fn what_is_longer_than_anybody_writes_is_refused_with_its_limit() {
    let refused = |from: &str, to: &str, part: &str| {
        let told = told(&SOUND.replace(from, to));
        assert!(told.contains(part) && told.len() < 2_000, "{part:?} is missing in {told}");
    };
    let title = SOUND.split('"').nth(1).unwrap();
    refused(title, &"t".repeat(201), "`title` has at most 200 octets");
    refused("h1", &"h".repeat(201), "a name has at most 200 octets");
    refused("239.1.1.1", &"2".repeat(10_001), "`group` has at most 10000 octets");
    let fault = "[[fault]]\non = \"lan\"\ndelay = \"1ms\"\n\n".repeat(1_001);
    let told = told(&SOUND.replacen("[[expect]]", &format!("{fault}[[expect]]"), 1));
    assert!(told.contains("a scenario has at most 1000 faults"), "{told}");
    let querier = "i1 = { role = \"querier\", query-interval = \"1us\" }";
    let told = told_of_querier(querier);
    assert!(told.contains("`query-interval` is at least \"1ms\""), "{told}");
}

fn told_of_querier(querier: &str) -> String {
    let sound = SOUND.replacen("\"r2\", \"h1\"]", "\"r2\", \"h1\", \"i1\"]", 1);
    told(&sound.replacen("[nodes]", &format!("[nodes]\n{querier}"), 1))
}
