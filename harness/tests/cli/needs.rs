//! The needs of tests. If the machine cannot meet them, tests are ignored with a message; if
//! `CASTNET_REQUIRE_NETNS=1` demands them, they fail.

use std::process::{Command, ExitCode};

use libtest_mimic::{Arguments, Failed, Trial};

use super::CASTNET;

/// One test.
pub(super) struct Test {
    pub(super) name: &'static str,
    pub(super) need: Need,
    pub(super) body: fn(),
}

/// Something without which a test cannot run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    Nothing,
    /// Scenarios on the kernel.
    Kernel,
    /// The kernel and root: only root can look into another process's namespaces, or give files
    /// away.
    Root,
    /// A user namespace in which more can be forbidden.
    UserNamespace,
    /// A kernel of User-Mode Linux that `castnet kernel build` has made.
    Guest,
}

/// The tests of a module, by what they need.
macro_rules! tests {
    ($($need:ident: $($body:ident),+;)+) => {
        pub(super) const TESTS: &[crate::needs::Test] = &[$($(crate::needs::Test {
            name: concat!(module_path!(), "::", stringify!($body)),
            need: crate::needs::Need::$need,
            body: $body,
        }),+),+];
    };
}
pub(super) use tests;

/// Runs every test that can run.
pub(super) fn run(tests: impl Iterator<Item = &'static Test>) -> ExitCode {
    let required = std::env::var_os("CASTNET_REQUIRE_NETNS").is_some_and(|value| value == "1");
    let all = [Need::Kernel, Need::Root, Need::UserNamespace, Need::Guest]
        .map(|need| (need, need.missing()));
    for why in all.iter().filter_map(|(_, why)| why.as_ref()) {
        eprintln!("SKIPPED: {why}");
    }
    let trial = |test: &Test| {
        let missing = all.iter().find(|(need, why)| *need == test.need && why.is_some());
        let body = test.body;
        match missing.and_then(|(_, why)| why.clone()) {
            None => Trial::test(test.name, move || {
                body();
                Ok(())
            }),
            // `CASTNET_REQUIRE_NETNS` demands namespaces, but not root.
            Some(why) => Trial::test(test.name, || Err(Failed::from(why))).with_ignored_flag(
                match test.need {
                    Need::Root => !required || !is_root(),
                    Need::Guest => true,
                    _ => !required,
                },
            ),
        }
    };
    libtest_mimic::run(&Arguments::from_args(), tests.map(trial).collect()).exit_code()
}

fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

impl Need {
    /// Why the machine cannot meet the need; `None` if it can.
    fn missing(self) -> Option<String> {
        let fails = |command: &mut Command| {
            let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
            let said = [output.stdout, output.stderr].concat();
            (!output.status.success()).then(|| String::from_utf8_lossy(&said).into_owned())
        };
        match self {
            Self::Nothing => None,
            Self::Kernel => fails(Command::new(CASTNET).arg("doctor")),
            Self::Root if is_root() => Self::Kernel.missing(),
            Self::Root => Some("some tests need root".to_owned()),
            Self::Guest => fails(Command::new(CASTNET).args(["kernel", "path"])),
            Self::UserNamespace => {
                let args = ["--user", "--map-root-user", "--net", "--mount", "true"];
                fails(Command::new("unshare").args(args))
            }
        }
    }
}
