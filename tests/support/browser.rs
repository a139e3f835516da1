//! A browser without a window, driven over WebDriver: what it makes of a page.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::tool;

/// A session of a browser of its own, which ends with this value.
pub struct Browser {
    driver: Child,
    agent: ureq::Agent,
    session: String,
    /// Its home and its profile. Removed after it has ended.
    home: TempDir,
}

/// What WebDriver calls an element by.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

impl Browser {
    /// Starts one; `None` where none is installed.
    pub fn start() -> Option<Self> {
        let (chromedriver, chromium) = (tool("chromedriver")?, tool("chromium")?);
        let home = tempfile::tempdir().expect("a folder");
        let mut driver = Command::new(chromedriver)
            .arg("--port=0")
            .env("HOME", home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts");
        // It says which port it was given.
        let mut said = BufReader::new(driver.stdout.take().expect("a pipe")).lines();
        let port = said.find_map(|line| {
            let line = line.expect("a line");
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse::<u16>().ok()
        });
        // What else it says is of no use, but must go somewhere.
        std::thread::spawn(move || said.for_each(drop));
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_mins(2)))
            .http_status_as_error(false);
        let agent = ureq::Agent::new_with_config(config.build());
        let session = format!("http://127.0.0.1:{}/session", port.expect("a port"));
        let mut browser = Self { driver, agent, session, home };
        let profile = browser.home.path().join("profile");
        let mut arguments = vec![
            "--headless=new".to_owned(),
            "--disable-gpu".into(),
            "--disable-dev-shm-usage".into(),
            "--no-first-run".into(),
            // What scrolls is there at once, to be clicked on.
            "--force-prefers-reduced-motion".into(),
            format!("--user-data-dir={}", profile.display()),
        ];
        if nix::unistd::Uid::effective().is_root() {
            arguments.push("--no-sandbox".into());
        }
        let begun = browser.ask(
            "",
            &json!({"capabilities": {"alwaysMatch": {
                "browserName": "chrome",
                "unhandledPromptBehavior": "ignore",
                "goog:chromeOptions": {"binary": chromium, "args": arguments},
                "goog:loggingPrefs": {"browser": "ALL"},
            }}}),
        );
        let id = begun["sessionId"].as_str().unwrap_or_else(|| panic!("{begun}"));
        browser.session = format!("{}/{id}", browser.session);
        Some(browser)
    }

    fn ask(&self, command: &str, body: &Value) -> Value {
        let answer = self.agent.post(format!("{}{command}", self.session)).send(body.to_string());
        let text = answer.and_then(|mut it| it.body_mut().read_to_string()).expect("an answer");
        let answer: Value = serde_json::from_str(&text).expect(&text);
        answer["value"].clone()
    }

    #[track_caller]
    fn done(&self, command: &str, body: &Value) -> Value {
        let answer = self.ask(command, body);
        assert!(answer.get("error").is_none(), "{command} {body}: {answer}");
        answer
    }

    /// Opens a file.
    #[track_caller]
    pub fn open(&self, file: &Path) {
        // No byte of the path may mean anything in a URL.
        let path: String = file
            .to_str()
            .expect("UTF-8")
            .bytes()
            .map(|it| match it {
                b'/' => "/".into(),
                it => format!("%{it:02X}"),
            })
            .collect();
        self.done("/url", &json!({"url": format!("file://{path}")}));
    }

    /// What a script returns.
    #[track_caller]
    pub fn run(&self, script: &str) -> Value {
        self.done("/execute/sync", &json!({"script": script, "args": []}))
    }

    /// The words that a script returns, one or several.
    #[track_caller]
    pub fn texts(&self, script: &str) -> Vec<String> {
        let found = self.run(script);
        let all = found.as_array().unwrap_or_else(|| panic!("{script}: {found}"));
        all.iter().map(|it| it.as_str().expect("text").to_owned()).collect()
    }

    fn element(&self, selector: &str) -> String {
        let found = self.done("/element", &json!({"using": "css selector", "value": selector}));
        format!("/element/{}", found[ELEMENT].as_str().expect("an element"))
    }

    #[track_caller]
    pub fn click(&self, selector: &str) {
        self.done(&format!("{}/click", self.element(selector)), &json!({}));
    }

    /// Types into an element, or presses keys on it.
    #[track_caller]
    pub fn keys(&self, selector: &str, text: &str) {
        self.done(&format!("{}/value", self.element(selector)), &json!({"text": text}));
    }

    #[track_caller]
    pub fn clear(&self, selector: &str) {
        self.done(&format!("{}/clear", self.element(selector)), &json!({}));
    }

    /// Shows the page as wide as a device, in light or dark, on a screen or on paper.
    #[track_caller]
    pub fn show(&self, width: u32, scheme: &str, media: &str) {
        let size = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false});
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        let media = json!({"media": media, "features": features});
        for (command, parameters) in
            [("Emulation.setDeviceMetricsOverride", size), ("Emulation.setEmulatedMedia", media)]
        {
            self.done("/goog/cdp/execute", &json!({"cmd": command, "params": parameters}));
        }
    }

    /// A picture of what is on the screen, as PNG.
    #[track_caller]
    pub fn screenshot(&self) -> Vec<u8> {
        let answer = self.agent.get(format!("{}/screenshot", self.session)).call();
        let text = answer.and_then(|mut it| it.body_mut().read_to_string()).expect("an answer");
        let answer: Value = serde_json::from_str(&text).expect(&text);
        STANDARD.decode(answer["value"].as_str().expect("a picture")).expect("base64")
    }

    /// What stands in the browser's log since it was last asked: what a page's policy
    /// forbade, say.
    pub fn log(&self) -> Vec<String> {
        let log = self.done("/se/log", &json!({"type": "browser"}));
        log.as_array().expect("entries").iter().map(ToString::to_string).collect()
    }

    /// Whether the page asks or tells the user something in a window.
    pub fn has_dialog(&self) -> bool {
        self.ask("/alert/dismiss", &json!({})).get("error").is_none()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Ends the browser, which would outlive its driver.
        drop(self.agent.delete(&self.session).call());
        drop(self.driver.kill());
        drop(self.driver.wait());
    }
}
