//! Messages about addresses that a link gives.

use super::{SOUND, each, told};

#[test]
fn addresses_that_cannot_be_given() {
    const LAN: &str = "lan = [\"r1\", \"r2\", \"h1\"]";
    let lan = |addresses: &str| {
        let nodes = "nodes = [\"r1\", \"r2\", \"h1\"], subnet = \"10.9.0.0/28\"";
        format!("lan = {{ {nodes}, addresses = {addresses} }}")
    };
    let cases = [
        lan("{ r1 = \"10.8.0.5\" }"),
        lan("{ r1 = \"10.9.0.0\", r2 = \"10.9.0.15\" }"),
        lan("{ r1 = [\"10.9.0.5\", \"10.9.0.6\"], r2 = \"10.9.0.6\" }"),
        lan("{ s1 = \"10.9.0.5\" }"),
        lan("{ r3 = \"10.9.0.5\" }"),
        lan("{ r1 = [] }"),
        lan("{ r1 = 5, r2 = \"10.9.0\" }"),
        lan("\"10.9.0.5\""),
        "lan = { nodes = [\"r1\", \"r2\", \"h1\"], addresses = { r1 = \"10.9.0.5\" } }".to_owned(),
    ];
    insta::assert_snapshot!(each(&cases.each_ref().map(|case| (LAN, case.as_str()))));
    let sound = lan("{ r1 = [\"10.9.0.5\", \"10.9.0.6\"], r2 = \"10.9.0.7\" }");
    assert_eq!(told(&SOUND.replacen(LAN, &sound, 1)), "NOTHING IS WRONG");
}
