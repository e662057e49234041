//! What tests on the running kernel share. They have a `main` of their own, because a process can
//! enter a user namespace only before it starts a thread. Without the right to make namespaces they
//! are ignored with a message, or fail if CASTNET_REQUIRE_NETNS=1.

use std::process::ExitCode;

use castnet_lab::lab::privilege;
use libtest_mimic::{Arguments, Failed, Trial};

/// Runs the trials, where they can run.
pub(crate) fn run(arguments: &Arguments, mut trials: Vec<Trial>) -> ExitCode {
    // Also when trials are only listed: nextest takes the ignored ones from the list.
    if let Err(refusal) = privilege::enter() {
        let required = std::env::var_os("CASTNET_REQUIRE_NETNS").is_some_and(|value| value == "1");
        assert!(!required, "{refusal}");
        eprintln!("SKIPPED (no privilege): {refusal}");
        trials = trials.into_iter().map(|trial| trial.with_ignored_flag(true)).collect();
    }
    libtest_mimic::run(arguments, trials).exit_code()
}

/// A trial on a runtime of its own.
#[allow(dead_code, reason = "some have another kind of test")]
pub(crate) fn trial<F: Future<Output = ()>>(
    name: &str,
    body: impl Fn() -> F + Send + 'static,
) -> Trial {
    fallible(name, move || {
        let body = body();
        async {
            body.await;
            Ok(())
        }
    })
}

/// A trial on a runtime of its own, which says itself why it fails.
#[allow(dead_code, reason = "some have another kind of test")]
pub(crate) fn fallible<F: Future<Output = Result<(), Failed>>>(
    name: &str,
    body: impl Fn() -> F + Send + 'static,
) -> Trial {
    Trial::test(name, move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(body())
    })
}
