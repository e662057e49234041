//! Files that share and files that multiply: templates and matrices. And hostile files.

mod attack;
mod extends;
mod matrix;
mod reach;

use std::fs;
use std::path::PathBuf;

use castnet_lab::plan::{LoadError, Plan, load};

/// A template with an example of everything that a template may have.
const TEMPLATE: &str = r#"template = "a source, a router and a listener"
tolerance = "50ms"

[links]
up = ["s1", "r1"]
lan = ["r1", "h1"]

[nodes]
s1 = { role = "source" }
r1 = { role = "router", ttl-threshold = 3, igmp = { query-interval = "20s", robustness = 3 } }
h1 = { role = "listener", igmp-version = 2 }

[[act]]
at = "1s"
name = "join"
join = { who = "h1", group = "239.1.1.1" }
"#;

/// A scenario that needs nothing but its topology.
const SCENARIO: &str = r#"title = "h1 joins"
extends = "shared/lan.toml"

[[expect]]
packet = { on = "lan", kind = "v2-report", from = "h1" }
count = ">= 1"
after = "join"
within = "URI"
"#;

/// Files in a folder of a test's own.
struct Files(PathBuf);

impl Files {
    fn new(test: &str, files: &[(&str, &str)]) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("authoring").join(test);
        _ = fs::remove_dir_all(&folder);
        let this = Self(folder);
        for (name, text) in files {
            this.write(name, text.as_bytes());
        }
        this
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn plans(&self, name: &str) -> Vec<Plan> {
        load(&self.0.join(name)).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The messages about a file; paths begin below the folder.
    fn told(&self, name: &str) -> String {
        let told = match load(&self.0.join(name)) {
            Ok(_) => "NOTHING IS WRONG".to_owned(),
            Err(LoadError::Rejected(rejected)) => rejected.render(false),
            Err(error) => error.to_string(),
        };
        told.replace(&format!("{}/", self.0.display()), "")
    }
}

const BETWEEN: &str = "\n\n------------------------------------------------------\n\n";
