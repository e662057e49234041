//! What keeps a flow from coming by its tree of PIM.

use super::super::facts::Tree;
use super::*;

/// The root of the tree is behind 10.0.1.1 on `up`.
fn towards(is_spoken: bool, is_known: bool) -> Tree {
    let [root, neighbour] = ["192.0.2.1", "10.0.1.1"].map(|text| text.parse().unwrap());
    Tree::Towards { root, interface: "up".into(), neighbour, is_spoken, is_known }
}

#[test]
fn what_keeps_a_tree_from_being_joined_is_named() {
    check(&[
        (
            |f| {
                unseen(f);
                f.tree = Some(Tree::NoRp);
            },
            Cause::NoRp,
            None,
            "[[rp]]",
        ),
        (
            |f| {
                unseen(f);
                f.tree = Some(Tree::NoRoute("192.0.2.1".parse().unwrap()));
            },
            Cause::NoRoute,
            None,
            "ip route add 192.0.2.1",
        ),
        (
            |f| {
                unseen(f);
                f.tree = Some(towards(true, false));
            },
            Cause::NoNeighbour,
            Some("up"),
            "have 10.0.1.1 speak PIM",
        ),
        (
            |f| {
                unseen(f);
                f.tree = Some(towards(false, false));
            },
            Cause::NoNeighbour,
            Some("up"),
            "pim = {} for up",
        ),
        (
            |f| {
                unseen(f);
                f.tree = Some(towards(true, true));
            },
            Cause::SourceNotSeen,
            Some("up"),
            "ip route get",
        ),
        (
            |f| {
                // Nobody wants it here: another router serves the members.
                unseen(f);
                f.tree = Some(Tree::NoRp);
                link(f, "lan").dr = Some("10.0.2.9".parse().unwrap());
            },
            Cause::SourceNotSeen,
            Some("up"),
            "ip route get",
        ),
        (
            |f| {
                f.entry.as_mut().unwrap().oifs.clear();
                link(f, "lan").dr = Some("10.0.2.9".parse().unwrap());
            },
            Cause::OtherDr,
            Some("lan"),
            "",
        ),
    ]);
}
