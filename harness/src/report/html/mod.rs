//! Pages of HTML for a run and for a campaign, each one file that needs no network and no other
//! file.
//!
//! A page carries its facts as JSON and draws them itself. Text of a scenario or of a packet enters
//! the page as text only, never as markup.

mod facts;
mod golden;
mod overview;
mod traffic;

use crate::plan::Plan;
use crate::printable::{json_to_show, line};
use crate::recording::Recording;
use crate::snapshot::Otherwise;

use super::{Campaign, Finished};

/// The frame of every page.
const FRAME: &str = include_str!("frame.html");
const RUN: &str = include_str!("run.html");
const OVERVIEW: &str = include_str!("overview.html");
/// How all pages look.
pub(super) const STYLE: &str = include_str!("style.css");
/// The scripts of a run's page, each after those that it needs.
const RUN_SCRIPT: [&str; 6] = [
    include_str!("elements.js"),
    include_str!("topology.js"),
    include_str!("timeline.js"),
    include_str!("drawing.js"),
    include_str!("golden.js"),
    include_str!("page.js"),
];
const OVERVIEW_SCRIPT: [&str; 2] = [include_str!("elements.js"), include_str!("overview.js")];

/// The page of one run: topology, timeline, claims, and the differences from its golden.
///
/// # Errors
/// Errors of serialisation, which these facts cannot cause.
pub fn run(
    plan: &Plan,
    recording: &Recording,
    finished: &Finished,
    otherwise: Option<&Otherwise>,
) -> serde_json::Result<String> {
    let facts = facts::Facts::of(plan, recording, finished, otherwise);
    let facts = serde_json::to_string(&facts)?;
    Ok(page(RUN, &line(&finished.title), &facts, &RUN_SCRIPT.concat()))
}

/// The page over all runs: verdicts, and the clauses that they prove. `link` returns where the page
/// of a run is, if it has one.
///
/// # Errors
/// Errors of serialisation, which these facts cannot cause.
pub fn overview(
    campaign: &Campaign,
    link: impl Fn(&Finished) -> Option<String>,
) -> serde_json::Result<String> {
    let facts = serde_json::to_string(&overview::Facts::of(campaign, link))?;
    Ok(page(OVERVIEW, "castnet: all runs", &facts, &OVERVIEW_SCRIPT.concat()))
}

/// Fills in a page. Splitting out the parts first keeps any part from being taken for a gap.
fn page(main: &str, title: &str, facts: &str, script: &str) -> String {
    let parts = [
        ("%TITLE%", &*escaped(title)),
        ("%STYLE%", STYLE),
        ("%MAIN%", main),
        // In JSON `<` occurs only in strings, where it may be written as an escape.
        ("%FACTS%", &*json_to_show(facts).replace('<', "\\u003c")),
        ("%SCRIPT%", script),
    ];
    let mut page = String::new();
    let mut rest = FRAME;
    for (gap, part) in parts {
        if let Some((before, after)) = rest.split_once(gap) {
            page.push_str(before);
            page.push_str(part);
            rest = after;
        }
    }
    page + rest
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use castnet::addr::Family;

    use super::*;

    #[test]
    fn nothing_that_is_filled_in_ends_its_place_or_opens_another() {
        let page = page(RUN, "<b>&%FACTS%", r#"{"a":"</script>%SCRIPT%"}"#, "script();");
        assert!(page.contains("<title>&lt;b>&amp;%FACTS%</title>"), "{page}");
        assert!(page.contains(r#">{"a":"\u003c/script>%SCRIPT%"}</script>"#), "{page}");
        assert!(page.ends_with("<script>script();</script>\n</body>\n</html>\n"), "{page}");
    }

    #[test]
    fn the_style_sheet_has_the_colour_of_each_mark() {
        for (kind, mark) in traffic::kinds(Family::V4).chain(traffic::kinds(Family::V6)) {
            assert!(STYLE.contains(&format!("--{}: #", mark.colour)), "{kind}: {mark:?}");
        }
    }

    #[test]
    fn no_page_asks_the_network_for_anything() {
        for part in [&[FRAME, RUN, OVERVIEW, STYLE][..], &RUN_SCRIPT, &OVERVIEW_SCRIPT].concat() {
            for word in ["http:", "https:", "url(", "import ", "fetch(", "src="] {
                let found = part.matches(word).count();
                let namespace =
                    usize::from(word == "http:" && part.contains("www.w3.org/2000/svg"));
                assert_eq!(found, namespace, "{word}");
            }
        }
    }
}
