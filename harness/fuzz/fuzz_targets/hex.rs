//! The octets of an injected message, in a scenario that is sound but for them.
#![no_main]

use castnet_lab::plan::compile;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if text.contains(['\'', '\n', '\r']) {
        return;
    }
    let scenario = format!(
        "title = 'hex'\n[links]\nlan = ['r1', 'i1']\n[nodes]\nr1 = {{ role = 'router' }}\n\
         i1 = {{ role = 'injector' }}\n[[act]]\nat = '0s'\n\
         inject = {{ who = 'i1', to = '224.0.0.22', hex = '{text}' }}\n[[expect]]\n\
         packet = {{ on = 'lan', kind = 'query' }}\ncount = 1\n"
    );
    _ = compile("hex.toml", &scenario);
});
