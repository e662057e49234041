//! What sockets want becomes the state of the interface: RFC 9776 section 3.2.

use super::*;

// RFC3376-3.2-01, RFC3376-3.2-02, RFC3376-3.2-03: the RFC's example, and its rules one by one.
#[test]
fn the_interface_wants_what_any_socket_wants() {
    for (sockets, expected) in [
        (vec![exclude("abcd"), exclude("bcde"), include("def")], exclude("bc")),
        (vec![include("ab"), include("bc")], include("abc")),
        (vec![exclude("ab"), exclude("bc")], exclude("b")),
        (vec![exclude("a"), exclude("b")], exclude("")),
        (vec![exclude(""), include("a")], exclude("")),
        (vec![exclude("ab"), include("a")], exclude("b")),
        (vec![include(""), include("a")], include("a")),
        (vec![], include("")),
    ] {
        let mut host = Host::new();
        for (socket, wish) in (0..).zip(&sockets) {
            host.listen(socket, g(1), wish.clone());
        }
        assert_eq!(host.reception.filter(g(1)), expected, "{sockets:?}");
        for name in 'a'..='g' {
            let any = sockets.iter().any(|wish| wish.wants(source(name)));
            assert_eq!(host.reception.delivers(source(name), g(1)), any, "{name} of {sockets:?}");
            assert!(expected.wants(source(name)) || !any, "{name} of {sockets:?}");
        }
    }
}

// RFC3376-3.1-01
#[test]
fn a_later_wish_of_a_socket_replaces_the_earlier_one() {
    let mut host = Host::new();
    host.listen(7, g(1), include("ab"));
    host.listen(7, g(1), include("c"));
    assert_eq!(host.reception.filter(g(1)), include("c"));
    host.listen(7, g(1), exclude(""));
    assert_eq!(host.reception.filter(g(1)), exclude(""));
    host.listen(7, g(1), include(""));
    assert_eq!(host.reception.filter(g(1)), include(""));
    assert!(!host.reception.delivers(source('a'), g(1)));
}

// RFC3376-3.2-01: a change that the merged state hides is not reported.
#[test]
fn only_changes_of_the_interface_are_reported() {
    let mut host = Host::settled(exclude(""));
    host.listen(1, g(1), include("a"));
    host.listen(1, g(1), exclude("b"));
    host.listen(1, g(1), include(""));
    host.run_to(30.0);
    assert_eq!(host.records(), Vec::<Vec<_>>::new());
}
