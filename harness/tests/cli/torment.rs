//! A few rounds of the example `torment`: castnet is struck, and nothing is left.

#[path = "../../examples/torment/round.rs"]
mod round;

use std::fs;
use std::path::Path;
use std::time::Duration;

use round::{Blow, Round, play};

use super::{CASTNET, folder, long_scenario, tests, with_process};

tests! {
    Root: struck_at_any_moment_castnet_leaves_nothing_and_accuses_nobody;
}

fn struck_at_any_moment_castnet_leaves_nothing_and_accuses_nobody() {
    let folder = folder("torment");
    let [long, short] = ["long.toml", "short.toml"].map(|name| folder.join(name));
    fs::write(&long, long_scenario()).unwrap();
    fs::write(&short, with_process("500ms")).unwrap();
    let ms = Duration::from_millis;
    let mut rounds = Vec::new();
    // While it builds, and while it runs.
    for after in [20, 60, 150, 700].map(ms) {
        for (command, blow) in [("run", Blow::Interrupt), ("run", Blow::Kill), ("up", Blow::Kill)] {
            rounds.push(Round { command, scenario: long.clone(), blow, after });
        }
        let blow = Blow::Stop(ms(400));
        rounds.push(Round { command: "run", scenario: short.clone(), blow, after });
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for (number, round) in rounds.iter().enumerate() {
        let mark = format!("{}-{number}", std::process::id());
        let place = folder.join(number.to_string());
        let result = runtime.block_on(play(Path::new(CASTNET), &place, &mark, round)).unwrap();
        assert_eq!(result.faults, [""; 0], "{round:?}: {result:?}");
        let ends_by_itself = matches!(round.blow, Blow::Stop(_));
        assert!(ends_by_itself || !result.was_over, "{round:?}: {result:?}");
    }
}
