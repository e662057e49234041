//! What castnetctl changes, and what it refuses to change.

use std::fs;
use std::time::Duration;

use castnet::kernel::Clock;
use libtest_mimic::Failed;

use super::asking::rows;
use super::rig::{beside, config, lost_and_doubled};
use super::{Lab, TWO, ctl};

/// Each of these words must come to this exit code, with this in its error.
async fn each(lab: &Lab, cases: &[(&str, i32, &str)]) -> Result<(), Failed> {
    for (words, code, part) in cases {
        let said = lab.ctl(words).await?;
        assert_eq!(said.code, *code, "{words}: {said:?}");
        assert!(said.err.contains(part), "{words}: {said:?}");
    }
    Ok(())
}

pub(crate) async fn changes() -> Result<(), Failed> {
    let lab = Lab::serving("changes", TWO).await?;
    each(
        &lab,
        &[
            ("join e1 10.0.1.10 239.2.2.2", 0, ""),
            ("join e1 10.0.1.10 239.2.2.2", 1, "has joined (10.0.1.10, 239.2.2.2) already"),
            ("join e7 239.2.2.2", 3, "e7 is no interface of the configuration"),
            ("leave e1 239.2.2.2", 3, "e1 has not joined (*, 239.2.2.2)"),
            ("join e1 224.0.0.251", 1, "stays on its link"),
            ("join e1 10.0.0.1", 2, "10.0.0.1 is not a multicast group"),
            ("join e1", 2, "required"),
            ("dance", 2, "unrecognized"),
            // `r` could be route or reload.
            ("r", 2, "unrecognized"),
            ("route add 203.0.113.0/24 e0", 0, ""),
            ("route del 203.0.113.0/25 e0", 3, "no route to 203.0.113.0/25"),
        ],
    )
    .await?;
    // A join of a source has its entry before the first datagram.
    let all = rows(&lab, "routes 10.0.1.10", "routes").await?;
    assert_eq!((all.len(), &all[0]["oifs"][0]["joined"]), (1, &true.into()), "{all:?}");
    // A source behind the new route, too.
    lab.shows("join e1 203.0.113.9 239.2.2.2").await?;
    assert_eq!(rows(&lab, "routes 203.0.113.9", "routes").await?.len(), 1);
    each(
        &lab,
        &[
            ("leave e1 10.0.1.10 239.2.2.2", 0, ""),
            ("leave e1 10.0.1.10 239.2.2.2", 3, "has not joined"),
            ("route del 203.0.113.0/24 e0", 0, ""),
        ],
    )
    .await?;
    let all = rows(&lab, "routes", "routes").await?;
    let forwards = all.iter().any(|row| row["oifs"].as_array().is_some_and(|o| !o.is_empty()));
    assert!(!forwards, "{all:?}");
    lab.castnetd.ends_well().await
}

pub(crate) async fn batch() -> Result<(), Failed> {
    let lab = Lab::serving("batch", TWO).await?;
    let joined = async || -> Result<usize, Failed> {
        let all = rows(&lab, "interfaces", "interfaces").await?;
        Ok(all.iter().filter_map(|row| row["joins"].as_array()).map(Vec::len).sum())
    };
    for (lines, code, error, joins) in [
        ("# only a comment\n\njoin e1 239.2.2.1 # and one\nshow groups\n", 0, "", 1),
        ("join e1 239.2.2.2\njoin e1 239.2.2.2\njoin e1 239.2.2.3\n", 1, "line 2: e1 has", 2),
        ("join e1 239.2.2.4\n\nhop e1\n", 2, "line 3: unrecognized", 3),
        (
            "begin\njoin e1 239.2.2.5\nleave e1 239.2.2.9\njoin e1 239.2.2.6\ncommit\n",
            3,
            "line 3: e1 has not",
            3,
        ),
        ("begin\njoin e1 239.2.2.5\njoin e1 239.2.2.6\ncommit\n", 0, "", 5),
        ("begin\njoin e1 239.2.2.7\n", 2, "line 2: begin without commit", 5),
        ("begin\nflush\ncommit\n", 2, "line 2: only join, leave and route", 5),
        ("commit\n", 2, "line 1: commit without begin", 5),
        ("begin\nbegin\n", 2, "line 2: begin stands within", 5),
    ] {
        let said = ctl(&lab.socket, "", Some(lines)).await?;
        assert_eq!(said.code, code, "{lines}{said:?}");
        let expected =
            if error.is_empty() { String::new() } else { format!("castnetctl: {error}") };
        assert!(said.err.starts_with(&expected), "{lines}{said:?}");
        assert_eq!(joined().await?, joins, "{lines}{said:?}");
    }
    lab.castnetd.ends_well().await
}

pub(crate) async fn reload() -> Result<(), Failed> {
    let lab = Lab::serving("reload", TWO).await?;
    lab.shows("join e1 239.2.2.2").await?;
    let typo = TWO.replace("name = 'e1'", "nmae = 'e1'");
    let fixed = format!("table = 7\n{TWO}");
    for (text, part) in
        [(&typo, "unknown field `nmae`"), (&fixed, "cannot change while the router serves")]
    {
        config("reload", text);
        let said = lab.ctl("reload").await?;
        assert_eq!(said.code, 1, "{said:?}");
        assert!(said.err.contains(part) && said.err.contains("stays in force"), "{said:?}");
        assert!(lab.shows("show config").await?.contains("# since then: join"), "{said:?}");
    }
    let path = config("reload", &TWO.replace("60s", "61s"));
    lab.shows("reload").await?;
    let shown = lab.shows("show config").await?;
    assert!(shown.contains("61s") && !shown.contains("since then"), "{shown}");
    fs::remove_file(path)?;
    assert_eq!(lab.ctl("reload").await?.code, 1);
    lab.castnetd.ends_well().await
}

pub(crate) async fn on_trial() -> Result<(), Failed> {
    let lab = Lab::serving("on-trial", TWO).await?;
    let said = lab.shows("diff").await?;
    assert!(said.starts_with("what is in force is what "), "{said}");
    lab.shows("join e1 239.2.2.2").await?;
    config("on-trial", &TWO.replace("60s", "61s"));
    let diff = lab.shows("diff").await?;
    let lines: Vec<&str> = diff.lines().collect();
    let [before, after, joined] = lines[..] else { return Err(diff.into()) };
    assert_eq!(joined, "- interface e1: static-joins = { group = \"239.2.2.2\" }");
    assert!(before.starts_with("- ") && before.contains("60s"), "{diff}");
    assert!(after.starts_with("+ ") && after.contains("61s"), "{diff}");
    each(
        &lab,
        &[
            ("confirm", 3, "no configuration is on trial"),
            ("reload --confirm 0s", 2, "1s to 24h"),
            ("reload --confirm 2d", 2, "1s to 24h"),
            ("reload --confirm 1s", 0, ""),
            // The second one goes back to where the first one would.
            ("reload --confirm 1s", 0, ""),
        ],
    )
    .await?;
    let now = lab.shows("show config").await?;
    assert!(now.contains("61s") && now.contains("# on trial for 0."), "{now}");
    let is_back = |shown: &str| {
        let on_trial = shown.contains("# on trial");
        shown.contains("60s") && shown.contains("# since then: join") && !on_trial
    };
    let clock = Clock::start();
    let until = clock.now() + Duration::from_secs(5);
    loop {
        let shown = lab.shows("show config").await?;
        if is_back(&shown) {
            break;
        }
        assert!(clock.now() < until, "the trial is over after a second: {shown}");
    }
    let joins = rows(&lab, "interfaces", "interfaces").await?;
    assert!(joins.iter().any(|row| row["joins"][0]["group"] == "239.2.2.2"), "{joins:?}");
    // Confirmed in time, or taken without a trial, it stays.
    each(&lab, &[("reload --confirm 5", 0, ""), ("confirm", 0, ""), ("confirm", 3, "")]).await?;
    each(&lab, &[("reload --confirm 5", 0, ""), ("reload", 0, ""), ("confirm", 3, "")]).await?;
    assert!(lab.shows("show config").await?.contains("61s"));
    // A wrong file leaves the trial as it is.
    lab.shows("reload --confirm 5").await?;
    config("on-trial", "[[interface]]");
    each(&lab, &[("reload --confirm 5", 1, "stays in force"), ("diff", 1, "missing field")])
        .await?;
    lab.shows("confirm").await?;
    lab.castnetd.ends_well().await
}

pub(crate) async fn flush() -> Result<(), Failed> {
    let lab = Lab::serving("flush", TWO).await?;
    let member = lab.nodes[2].member("10.0.2.20")?;
    beside(lab.nodes[0].source("10.0.1.10")?, async {
        member.is_served().await?;
        member.drain();
        for _ in 0..10 {
            lab.shows("flush").await?;
            member.is_served().await?;
        }
        Ok(())
    })
    .await?;
    // The entry's counters begin anew with each entry.
    lab.shows("flush").await?;
    assert!(rows(&lab, "routes", "routes").await?.is_empty());
    assert_eq!(lost_and_doubled(&member.drain()).1, 0);
    lab.castnetd.ends_well().await
}
