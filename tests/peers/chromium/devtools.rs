//! Chromium without a window, and the few calls of its DevTools protocol that the tests need. It is driven through a pipe: the
//! protocol needs no port, and this no library.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// No call takes this long, even on a busy machine.
const TOO_LONG: Duration = Duration::from_secs(120);

/// How a page is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct View {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) dark: bool,
    pub(super) script: bool,
    /// Pixels of the screen for each of the page.
    pub(super) scale: f64,
}

/// A part of a page, in its own pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Area {
    pub(super) width: f64,
    pub(super) height: f64,
}

pub(super) struct Browser {
    _process: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    session: Option<String>,
    last: u64,
    /// The events of the protocol since the page was opened.
    events: Vec<Value>,
    _profile: TempDir,
}

impl Browser {
    pub(super) async fn start() -> Self {
        let chromium = std::env::var("PEERS_CHROMIUM")
            .expect("PEERS_CHROMIUM is not set: it must name Chromium; `cargo xtask test` sets it");
        let profile = tempfile::tempdir().unwrap();
        // Chromium reads commands from 3 and writes answers to 4.
        let mut command = Command::new("sh");
        command.args(["-c", r#"exec "$0" "$@" 3<&0 4>&1 0</dev/null 1>&2"#, &chromium, "--headless", "--remote-debugging-pipe"]);
        // Root, which is common in containers, cannot use the sandbox. The pages are our own.
        command.args(["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run"]);
        command.arg(format!("--user-data-dir={}", profile.path().display())).arg("about:blank");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let mut process = command.spawn().unwrap();
        let (commands, answers) = (process.stdin.take().unwrap(), BufReader::new(process.stdout.take().unwrap()));
        let mut browser =
            Self { _process: process, commands, answers, session: None, last: 0, events: Vec::new(), _profile: profile };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" })).await;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = browser.call("Target.attachToTarget", attach).await;
        browser.session = Some(attached["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), json!({})).await;
        }
        browser
    }

    /// Opens a file and waits until it is loaded.
    pub(super) async fn open(&mut self, file: &Path, view: View) {
        let View { width, height, dark, script, scale } = view;
        let screen = json!({ "width": width, "height": height, "deviceScaleFactor": scale, "mobile": width < 500 });
        self.call("Emulation.setDeviceMetricsOverride", screen).await;
        let scheme = if dark { "dark" } else { "light" };
        self.call("Emulation.setEmulatedMedia", json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] }))
            .await;
        self.call("Emulation.setScriptExecutionDisabled", json!({ "value": !script })).await;
        self.events.clear();
        let opened = self.call("Page.navigate", json!({ "url": format!("file://{}", file.display()) })).await;
        assert!(opened["errorText"].is_null(), "{opened}");
        while !self.events.iter().any(|event| event["method"] == "Page.loadEventFired") {
            let message = self.message().await;
            self.events.push(message);
        }
    }

    /// What a person would see in the console, and each request that left the page.
    pub(super) fn problems(&self) -> Vec<String> {
        let is_problem = |event: &&Value| match event["method"].as_str().unwrap_or_default() {
            "Runtime.exceptionThrown" | "Page.javascriptDialogOpening" => true,
            "Runtime.consoleAPICalled" => true,
            "Log.entryAdded" => event["params"]["entry"]["level"] != "verbose",
            "Network.requestWillBeSent" => !event["params"]["request"]["url"].as_str().unwrap_or_default().starts_with("file:"),
            _ => false,
        };
        self.events.iter().filter(is_problem).map(Value::to_string).collect()
    }

    /// The value of an expression. It works without the page's scripts, too.
    pub(super) async fn value(&mut self, expression: &str) -> Value {
        let answer = self.call("Runtime.evaluate", json!({ "expression": expression, "returnByValue": true })).await;
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// Presses a key, for example `ArrowRight`.
    pub(super) async fn press(&mut self, key: &str) {
        let code = match key {
            "Tab" => 9,
            "Enter" => 13,
            "End" => 35,
            "Home" => 36,
            "ArrowLeft" => 37,
            "ArrowRight" => 39,
            _ => panic!("no code for {key}"),
        };
        // Only this text makes a link follow the key.
        let text = if key == "Enter" { "\r" } else { "" };
        for kind in ["keyDown", "keyUp"] {
            let pressed = json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text });
            self.call("Input.dispatchKeyEvent", pressed).await;
        }
    }

    /// A PNG of the page from its upper left corner: all of it, or an area.
    pub(super) async fn picture(&mut self, area: Option<Area>) -> Vec<u8> {
        let clip = area.map(|Area { width, height }| json!({ "x": 0, "y": 0, "width": width, "height": height, "scale": 1 }));
        let mut options = json!({ "format": "png", "captureBeyondViewport": true });
        if let Some(clip) = clip {
            options["clip"] = clip;
        }
        let answer = self.call("Page.captureScreenshot", options).await;
        STANDARD.decode(answer["data"].as_str().unwrap()).unwrap()
    }

    async fn call(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let id = self.last;
        let mut command = json!({ "id": id, "method": method, "params": params });
        if let Some(session) = &self.session {
            command["sessionId"] = json!(session);
        }
        self.commands.write_all(format!("{command}\0").as_bytes()).await.unwrap();
        loop {
            let mut message = self.message().await;
            if message["id"] == id {
                assert!(message["error"].is_null(), "{method}: {message}");
                return message["result"].take();
            }
            self.events.push(message);
        }
    }

    async fn message(&mut self) -> Value {
        let mut bytes = Vec::new();
        let read = tokio::time::timeout(TOO_LONG, self.answers.read_until(0, &mut bytes)).await;
        read.expect("Chromium takes too long").unwrap();
        let json = bytes.strip_suffix(&[0]).expect("Chromium ended");
        serde_json::from_slice(json).unwrap()
    }
}
