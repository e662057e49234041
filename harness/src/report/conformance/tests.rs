use super::*;
use crate::scenario::clauses::clause;

fn case(state: State) -> Case {
    Case {
        scenario: "leave".to_owned(),
        place: "leave.toml:7".to_owned(),
        state,
        claim: "lan: 2 | queries".to_owned(),
        why: vec!["1.5 s  a packet".to_owned()],
        at: Some(1.5),
        pcapng: Some("out/frr/leave.pcapng".into()),
        repeat: "castnet run leave.toml --device frr".to_owned(),
    }
}

fn table() -> Table {
    let row = |id: &str, cells: [Cell; 2]| Row { clause: clause(id).unwrap(), cells: cells.into() };
    let hidden = || Cell::without_case(State::NotObservable, "it does not show".to_owned());
    let skipped = || Cell::without_case(State::NotRun, "no such interval".to_owned());
    let good = || Cell::of(vec![case(State::Conforms)]);
    Table {
        devices: vec!["castnet".to_owned(), "frr".to_owned()],
        rows: vec![
            row("RFC2236-3-23", [good(), Cell::of(vec![case(State::Deviates)])]),
            row("RFC2236-3-24", [good(), skipped()]),
            row("RFC2236-8-01", [hidden(), hidden()]),
        ],
        breaches: Vec::new(),
        runs: 4,
    }
}

#[test]
fn one_case_that_is_not_right_outweighs_all_that_are() {
    let of = |states: &[State]| Cell::of(states.iter().copied().map(case).collect()).state;
    use State::{Conforms, Deviates, NotRun, Unclear};
    assert_eq!(of(&[Conforms, Conforms]), Conforms);
    assert_eq!(of(&[Conforms, NotRun]), NotRun);
    assert_eq!(of(&[NotRun, Unclear, Conforms]), Unclear);
    assert_eq!(of(&[Unclear, Deviates, NotRun]), Deviates);
}

#[test]
fn a_deviation_is_shown_with_its_demand_its_packet_and_its_capture() {
    let told = text(&table());
    let demand = &clause("RFC2236-3-23").unwrap().text;
    for wanted in [demand, "1.5 s  a packet", "out/frr/leave.pcapng", "leave.toml:7"] {
        assert!(told.contains(wanted), "{wanted}: {told}");
    }
    assert!(!told.contains("RFC2236-8-01"), "{told}");
    assert!(told.contains("frr: no such interval\n    RFC2236-3-24"), "{told}");
}

#[test]
fn levels_are_counted_apart() {
    let table = table();
    let levels = table.rows.iter().map(|row| row.clause.level.as_str());
    let musts = levels.filter(|level| *level == "MUST").count();
    assert_eq!(table.counts(0, "MUST").iter().sum::<usize>(), musts);
    assert_eq!(LEVELS.map(|level| table.counts(1, level)[1]).iter().sum::<usize>(), 1);
}

#[test]
fn no_text_of_a_device_ends_a_cell_of_markdown() {
    let mut table = table();
    table.devices[1] = "a|b".to_owned();
    let page = markdown(&table);
    assert!(page.contains("a\\|b") && !page.contains("| a|b |"), "{page}");
    let rows = page.lines().filter(|line| line.starts_with("| RFC"));
    assert_eq!(rows.count(), 2, "{page}");
}

#[test]
fn a_page_leads_from_a_deviation_to_its_capture() {
    let page = html(&table());
    let place = "RFC2236-3-23/frr";
    for wanted in [
        format!("<td class=\"deviates\"><a href=\"#{place}\">deviates</a></td>"),
        format!("<h2 id=\"{place}\">"),
        "<a href=\"out/frr/leave.pcapng\">".to_owned(),
        "castnet run leave.toml --device frr".to_owned(),
    ] {
        assert!(page.contains(&wanted), "{wanted}: {page}");
    }
    assert!(!page.contains("RFC2236-8-01"), "nobody observes it: {page}");
}

#[test]
fn no_text_of_a_device_is_markup_of_a_page() {
    let mut table = table();
    table.devices[1] = "<script>\"'".to_owned();
    table.rows[0].cells[1].cases[0].why = vec!["</pre><script>".to_owned()];
    table.rows[0].cells[1].cases[0].pcapng = Some("javascript:alert(1)/\".pcapng".into());
    let page = html(&table);
    assert!(!page.contains("<script"), "{page}");
    assert!(page.contains("&lt;/pre&gt;&lt;script&gt;"), "{page}");
    assert!(page.contains("href=\"javascript%3Aalert%281%29/%22.pcapng\""), "{page}");
}
