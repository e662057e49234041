//! smcrouted as a device of the laboratory, with a route of every kind in each family.

use std::fs;
use std::path::Path;

use castnet_lab::backend::{Cancel, netns};
use castnet_lab::judge::{Outcome, judge};
use castnet_lab::plan::load;
use libtest_mimic::Failed;

use crate::bench::SMCROUTED;

/// Recipes name programs of the PATH; here it is this package's.
const RECIPE: &str = include_str!("../../../../harness/devices/castnet-smcrouted.toml");

/// The groups of a family, each with whether the routes forward it.
struct Kinds {
    family: &'static str,
    /// By the host that sends them: a source that no route excludes.
    routes: &'static str,
    groups: [(&'static str, bool); 6],
}

const KINDS: [Kinds; 2] = [
    Kinds {
        family: "ipv4",
        routes: "\
phyint up enable
phyint lan enable
mroute from up source 10.0.1.1 group 239.1.1.1 to lan
mroute from up group 239.2.2.2 to la+
mroute from up group 239.3.0.0/16 to lan
mroute from up group 239.3.9.9
mroute from up source 10.0.1.0/24 group 239.4.0.0/16 to lan
mroute from up source 10.0.9.0/24 group 239.5.0.0/16 to lan",
        groups: [
            ("239.1.1.1", true),
            ("239.2.2.2", true),
            ("239.3.1.1", true),
            ("239.3.9.9", false),
            ("239.4.4.4", true),
            ("239.5.5.5", false),
        ],
    },
    Kinds {
        family: "ipv6",
        routes: "\
phyint up enable
phyint lan enable
mroute from up source fd00:0:0:1::1 group ff05:1::1 to lan
mroute from up group ff05:2::2 to la+
mroute from up group ff05:3::/32 to lan
mroute from up group ff05:3::9
mroute from up source fd00:0:0:1::/64 group ff05:4::/32 to lan
mroute from up source fd00:0:0:9::/64 group ff05:5::/32 to lan",
        groups: [
            ("ff05:1::1", true),
            ("ff05:2::2", true),
            ("ff05:3::1", true),
            ("ff05:3::9", false),
            ("ff05:4::4", true),
            ("ff05:5::5", false),
        ],
    },
];

/// The kernel holds four datagrams of a flow until the router has answered: at this rate a busy machine may
/// keep the router waiting for most of a second.
fn scenario(kinds: &Kinds) -> String {
    let mut text = format!(
        "title = 't'\nfamily = '{}'\n[links]\nup = ['s1', 'r1']\nlan = ['r1', 'h1']\n\
         [nodes]\ns1 = {{ role = 'source' }}\nr1 = {{ role = 'router', device = './own.toml' }}\n\
         h1 = {{ role = 'listener', speaks = 'groups' }}\n",
        kinds.family
    );
    for (at, (group, is_forwarded)) in kinds.groups.iter().enumerate() {
        text += &format!(
            "[[act]]\nat = '0s'\njoin = {{ who = 'h1', group = '{group}' }}\n\
             [[act]]\nat = '300ms'\nname = 'stream{at}'\n\
             send = {{ who = 's1', group = '{group}', rate = '5pps' }}\n"
        );
        let oifs = if *is_forwarded { "'lan'" } else { "" };
        text += &format!(
            "[[expect]]\nmfc = {{ of = 'r1', source = 's1', group = '{group}', iif = 'up', \
             oifs = [{oifs}] }}\nat = 'stream{at} + 1500ms'\n"
        );
        if *is_forwarded {
            text += &format!(
                "[[expect]]\ndelivery = {{ to = 'h1', group = '{group}' }}\nexactly-once = true\n\
                 after = 'stream{at}'\nwithin = '2s'\n"
            );
        }
    }
    text
}

pub(crate) async fn kinds() -> Result<(), Failed> {
    for kinds in KINDS {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("smcroute").join(kinds.family);
        fs::create_dir_all(&folder)?;
        let (before, rest) = RECIPE.split_once("\"\"\"\n").ok_or("the recipe has no file")?;
        let (_, after) = rest.split_once("\"\"\"").ok_or("the file has no end")?;
        let own = format!("{before}\"\"\"\n{}\n\"\"\"{after}", kinds.routes);
        fs::write(
            folder.join("own.toml"),
            own.replace("[\"smcrouted\"", &format!("[{SMCROUTED:?}")),
        )?;
        let path = folder.join("scenario.toml");
        fs::write(&path, scenario(&kinds))?;
        let plan = load(&path).map_err(|wrong| wrong.to_string())?.remove(0);
        // A backend has a runtime of its own.
        let recording = std::thread::scope(|scope| {
            let run = scope.spawn(|| netns::run(&plan, &Cancel::new()).map_err(|e| e.to_string()));
            run.join().map_err(|_| "the laboratory has panicked".to_owned())?
        })?;
        let verdict = judge(&plan, &recording);
        if verdict.outcome != Outcome::Pass {
            return Err(format!("{}: {verdict}", kinds.family).into());
        }
    }
    Ok(())
}
