//! The page of the payments server in headless Chromium: it shows what happens while it happens, its buttons work, it is readable without
//! JavaScript, and it fits a narrow window. `scripts/test --browser` installs the browser.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tests::{kill_group, skip};
use tokio::runtime::Runtime;

use crate::page::{Merchant, counted, numbers, traffic};
use crate::server::Server;
use crate::support::Database;

/// A browser that is driven by its own driver, in the protocol `WebDriver`, and ended when it is dropped.
struct Browser {
    driver: Child,
    client: reqwest::Client,
    session: String,
    _profile: TempDir,
}

impl Browser {
    /// `None` where there is none, which is said.
    async fn start(window: &str, scripts: bool) -> Option<Self> {
        let Some(path) = std::env::var_os("IDEM_CHROMEDRIVER") else {
            skip("browser", "run scripts/test --browser, which installs Chromium and sets IDEM_CHROMEDRIVER");
            return None;
        };
        let mut command = Command::new(path);
        let mut driver = command
            .arg("--port=0")
            .process_group(0)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let lines = BufReader::new(driver.stdout.take().expect("stdout is a pipe")).lines();
        let port = lines.map_while(Result::ok).find_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse::<u16>().ok()
        });
        let url = format!("http://127.0.0.1:{}/session", port.expect("the driver says its port"));
        let profile = TempDir::new().expect("a folder");
        let arguments = [
            "--headless",
            // Root has no sandbox.
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            &format!("--window-size={window}"),
            &format!("--user-data-dir={}", profile.path().display()),
        ];
        let options = json!({
            "args": arguments,
            "prefs": {"profile.managed_default_content_settings.javascript": if scripts { 1 } else { 2 }},
        });
        let capabilities = json!({"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}});
        let client = reqwest::Client::new();
        let mut browser = Self { driver, client, session: url, _profile: profile };
        let session = browser.post("", &json!({"capabilities": {"alwaysMatch": capabilities}})).await;
        browser.session = format!("{}/{}", browser.session, session["sessionId"].as_str().expect("a session"));
        Some(browser)
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        let request = self.client.post(format!("{}{path}", self.session)).header("content-type", "application/json");
        let answer = request.timeout(Duration::from_mins(2)).body(body.to_string()).send().await.expect("an answer");
        let body: Value = serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON");
        assert!(body["value"].get("error").is_none(), "{path}: {body}");
        body["value"].clone()
    }

    async fn open(&self, url: &str) {
        self.post("/url", &json!({"url": url})).await;
    }

    /// The page as it is now, as HTML.
    async fn source(&self) -> String {
        let request = self.client.get(format!("{}/source", self.session));
        let body: Value = serde_json::from_str(&request.send().await.expect("an answer").text().await.expect("a body"))
            .expect("JSON");
        body["value"].as_str().expect("text").to_owned()
    }

    async fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({"script": script, "args": []})).await
    }

    async fn click(&self, css: &str) {
        let found = self.post("/element", &json!({"using": "css selector", "value": css})).await;
        let element =
            found.as_object().and_then(|found| found.values().next()?.as_str()).expect("an element").to_owned();
        self.post(&format!("/element/{element}/click"), &json!({})).await;
    }

    /// What the browser has complained about.
    async fn complaints(&self) -> Vec<String> {
        let log = self.post("/se/log", &json!({"type": "browser"})).await;
        let lines = log.as_array().expect("a list").iter().map(|line| line["message"].to_string());
        // No icon is shown in a tab.
        lines.filter(|line| !line.contains("favicon")).collect()
    }

    /// Reads the page until it shows this; no reload.
    async fn until(&self, what: &str, shows: impl Fn(&str) -> bool) {
        let mut source = String::new();
        for _ in 0..600 {
            source = self.source().await;
            if shows(&source) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the page does not show {what}: {source}");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The browsers of the driver are of its group.
        kill_group(self.driver.id());
        let _ = self.driver.wait();
    }
}

#[test]
fn page_shows_what_happens_and_resolves() {
    let (database, runtime) = (Database::sqlite(), Runtime::new().expect("threads"));
    let server = Server::start(&database.url());
    runtime.block_on(async {
        let Some(browser) = Browser::start("1280,1600", true).await else { return };
        browser.open(&server.url()).await;
        browser.until("zeros", |page| numbers(page).values().all(|number| *number == 0)).await;
        let merchant = Merchant::of(&server);
        traffic(&merchant).await;
        browser.until("two unknown payouts", |page| numbers(page)["unknown"] == 2).await;
        let counted = counted(&database.url()).await;
        browser
            .until("what SQL counts", |page| {
                let mut shown = numbers(page);
                shown.retain(|id, number| *number != 0 || counted.contains_key(id));
                shown == counted
            })
            .await;

        browser.click("button[value=paid]").await;
        browser.until("one unknown payout", |page| numbers(page)["unknown"] == 1).await;
        browser.click("button[value=not_paid]").await;
        browser.until("none", |page| numbers(page)["unknown"] == 0).await;
        let paid = [merchant.payout("p3", "ba_test_silent").await, merchant.payout("p4", "ba_test_silent").await];
        let mut statuses = paid.map(|(_, payout)| payout["status"].as_str().expect("text").to_owned());
        statuses.sort();
        assert_eq!(statuses, ["failed", "paid"]);
        assert_eq!(browser.complaints().await, Vec::<String>::new());
    });
}

#[test]
fn page_is_readable_without_scripts_and_in_narrow_window() {
    let (database, runtime) = (Database::sqlite(), Runtime::new().expect("threads"));
    let server = Server::start(&database.url());
    runtime.block_on(async {
        traffic(&Merchant::of(&server)).await;
        let Some(browser) = Browser::start("1280,1600", false).await else { return };
        browser.open(&server.url()).await;
        let page = browser.source().await;
        assert_eq!((numbers(&page)["unknown"], numbers(&page)["duplicates"]), (2, 3));
        browser.click("button[value=paid]").await;
        assert_eq!(numbers(&browser.source().await)["unknown"], 1);
        drop(browser);

        let Some(browser) = Browser::start("500,900", true).await else { return };
        browser.open(&server.url()).await;
        let widths = browser.run("return [document.documentElement.scrollWidth, window.innerWidth]").await;
        assert!(widths[0].as_u64() <= widths[1].as_u64(), "the page is wider than its window: {widths}");
        // All of a row is seen, its buttons included.
        let right =
            browser.run("return document.querySelector('button[value=not_paid]').getBoundingClientRect().right").await;
        assert!(right.as_f64() <= widths[1].as_f64(), "a button is outside: {right} of {widths}");
    });
}
