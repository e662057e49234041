//! A headless Chromium, driven by WebDriver (W3C) through the chromedriver beside it.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

/// The key under which WebDriver returns an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// The line of chromedriver that ends with its port.
const STARTED: &str = "started successfully on port ";

/// Chromium has no network here, and must not look for one.
const FLAGS: [&str; 8] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--window-size=1500,1100",
];

/// One browser with one window; it ends with this value.
pub(crate) struct Browser {
    driver: Child,
    session: String,
}

impl Browser {
    /// Starts Chromium.
    ///
    /// # Errors
    /// Why Chromium cannot be started, most likely because it is not installed.
    pub(crate) fn start() -> Result<Self, String> {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("chromedriver: {error}"))?;
        let stdout = driver.stdout.take().ok_or("chromedriver has no output")?;
        let mut browser = Self { driver, session: String::new() };
        let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
        let port = lines
            .find_map(|line| Some(line.split_once(STARTED)?.1.trim_end_matches('.').to_owned()))
            .ok_or("chromedriver did not start")?;
        let capabilities = json!({ "alwaysMatch": {
            "goog:chromeOptions": { "args": FLAGS },
            "goog:loggingPrefs": { "browser": "ALL" },
        }});
        let url = format!("http://127.0.0.1:{port}/session");
        let answer = post(&url, &json!({ "capabilities": capabilities }))?;
        let id = answer["sessionId"].as_str().ok_or("no session")?;
        browser.session = format!("{url}/{id}");
        Ok(browser)
    }

    pub(crate) fn open(&self, page: &Path) {
        self.call("url", &json!({ "url": format!("file://{}", page.display()) }));
    }

    /// The value that the script, the body of a function, returns.
    pub(crate) fn run(&self, script: &str) -> Value {
        self.call("execute/sync", &json!({ "script": script, "args": [] }))
    }

    pub(crate) fn text(&self, selector: &str) -> String {
        let text = self.run(&format!("return document.querySelector('{selector}').innerText"));
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Moves the mouse to this place of the element, from its upper left corner, and clicks.
    pub(crate) fn click(&self, selector: &str, x: f64, y: f64) {
        let element = self.call("element", &json!({ "using": "css selector", "value": selector }));
        let id = element[ELEMENT].as_str().expect("a reference");
        // WebDriver counts from the centre of the visible part.
        let measure = "const box = arguments[0].getBoundingClientRect();
            arguments[0].scrollIntoView({ block: 'center' });
            return [box.width / 2, box.height / 2]";
        let element = json!({ ELEMENT: id });
        let middle = self.call("execute/sync", &json!({ "script": measure, "args": [element] }));
        let from_middle = |at: f64, axis: usize| {
            let offset = at - middle[axis].as_f64().expect("a length");
            #[expect(clippy::cast_possible_truncation, reason = "pixels of a window")]
            let pixels = offset.round() as i64;
            pixels
        };
        let moved = json!({ "type": "pointerMove", "duration": 0, "origin": element,
            "x": from_middle(x, 0), "y": from_middle(y, 1) });
        let press = json!({ "type": "pointerDown", "button": 0 });
        let release = json!({ "type": "pointerUp", "button": 0 });
        let mouse = json!({ "type": "pointer", "id": "mouse", "actions": [moved, press, release] });
        self.call("actions", &json!({ "actions": [mouse] }));
    }

    pub(crate) fn type_into(&self, selector: &str, text: &str) {
        let element = self.call("element", &json!({ "using": "css selector", "value": selector }));
        let id = element[ELEMENT].as_str().expect("a reference");
        self.call(&format!("element/{id}/value"), &json!({ "text": text }));
    }

    /// A picture of the window, as PNG in base64.
    pub(crate) fn screenshot(&self) -> String {
        let answer = ureq::get(format!("{}/screenshot", self.session)).call();
        let value = answer.and_then(|mut answer| answer.body_mut().read_json::<Value>());
        value.expect("a screenshot")["value"].as_str().unwrap_or_default().to_owned()
    }

    /// Everything that was written to the page's console.
    pub(crate) fn console(&self) -> Vec<Value> {
        let log = self.call("se/log", &json!({ "type": "browser" }));
        log.as_array().cloned().unwrap_or_default()
    }

    fn call(&self, command: &str, body: &Value) -> Value {
        let url = format!("{}/{command}", self.session);
        post(&url, body).unwrap_or_else(|error| panic!("{command}: {error}"))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The session owns the browser, the driver owns the session.
        _ = ureq::delete(&self.session).call();
        _ = self.driver.kill();
        _ = self.driver.wait();
    }
}

fn post(url: &str, body: &Value) -> Result<Value, String> {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let answer = agent.post(url).send_json(body);
    let mut answer = answer.map_err(|error| error.to_string())?;
    let fine = answer.status().is_success();
    let mut document: Value =
        answer.body_mut().read_json().map_err(|error| format!("no JSON: {error}"))?;
    match document["value"].take() {
        value if fine => Ok(value),
        why => Err(why["message"].as_str().unwrap_or("refused").to_owned()),
    }
}
