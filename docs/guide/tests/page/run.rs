//! The commands of the page, in its order, in one folder: what they print is what the page shows. The server is killed.

use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use idem_core::Idem;
use shop::order::{Order, Rules, order};
use sqlx::{Connection as _, Sqlite, SqliteConnection};
use tempfile::TempDir;
use tests::{Seed, Worker, scale};
use tokio::runtime::Runtime;

use crate::blocks::blocks;
use crate::curl::curl;

/// The requests of the client, and the one of the step before.
const SALES: i64 = 1_001;
const TRIES: u32 = 3_000;
const PAUSE: Duration = Duration::from_millis(20);

/// A reader at three terminals.
struct Reader {
    folder: TempDir,
    runtime: Runtime,
    random: fastrand::Rng,
    /// Where the server listens, from its first start on.
    address: String,
    server: Option<Worker>,
    client: Option<Worker>,
    /// What the last command printed, if it has ended or listens.
    printed: Option<String>,
    kills: u32,
}

#[test]
fn guide_commands_print_what_it_shows_and_killed_server_has_one_effect_for_each_request() {
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = Runtime::new().expect("threads");
    let random = Seed::new().rng(0);
    let address = "127.0.0.1:0".to_owned();
    let mut reader = Reader { folder, runtime, random, address, server: None, client: None, printed: None, kills: 0 };
    let mut compared = 0;
    for block in blocks().iter().filter(|block| !matches!(block.step, 1 | 2 | 4 | 8)) {
        match block.language.as_str() {
            "sh" => block.text.lines().for_each(|command| reader.run(command)),
            "text" => {
                let printed = if block.intro.starts_with("The client ends") {
                    reader.client_ends()
                } else {
                    reader.printed.take().unwrap_or_else(|| panic!("nothing has printed\n{}", block.text))
                };
                assert_eq!(plain(&printed), plain(&block.text), "after: {}", block.intro);
                compared += 1;
            }
            _ => {}
        }
    }
    assert!(compared >= 8 && reader.kills >= 1, "{compared} texts, {} kills", reader.kills);
    reader.books_are_sound();
}

impl Reader {
    fn run(&mut self, command: &str) {
        let words: Vec<&str> = command.split_whitespace().collect();
        match words.as_slice() {
            ["cargo", "run", "--bin", "server"] => self.start_server(),
            ["cargo", "run", "--bin", "client"] => {
                self.client = Some(Worker::spawn(self.program("client").arg(&self.address)));
            }
            ["cargo", "run", "--bin", program] => {
                let output = self.program(program).output().expect("the program starts");
                assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
                self.printed = Some(String::from_utf8(output.stdout).expect("text"));
            }
            ["curl", ..] => self.printed = Some(curl(command, &self.address)),
            ["kill", "-9", _] => {
                for left in (0..scale(2, 6)).rev() {
                    self.kill_under_load();
                    if left > 0 {
                        self.start_server();
                    }
                }
            }
            _ => panic!("the test does not know {command:?}"),
        }
    }

    fn program(&self, name: &str) -> Command {
        let program = match name {
            "stored" => env!("CARGO_BIN_EXE_stored"),
            "money" => env!("CARGO_BIN_EXE_money"),
            "server" => env!("CARGO_BIN_EXE_server"),
            "client" => env!("CARGO_BIN_EXE_client"),
            _ => panic!("the test does not know the program {name}"),
        };
        let mut command = Command::new(program);
        command.current_dir(self.folder.path());
        command
    }

    /// On a free port; after a kill on the same one, which another process may have for a moment.
    fn start_server(&mut self) {
        for _ in 0..TRIES {
            let mut server = Worker::spawn(self.program("server").arg(&self.address));
            if let Some(line) = server.next_ack().map(str::to_owned) {
                let address = line.split("http://").nth(1).and_then(|rest| rest.split(',').next());
                self.address = address.unwrap_or_else(|| panic!("no address in {line:?}")).to_owned();
                self.server = Some(server);
                self.printed = Some(line.replace(&self.address, "127.0.0.1:8080") + "\n");
                return;
            }
            sleep(PAUSE);
        }
        panic!("the server does not listen on {}", self.address);
    }

    /// Kills the server after a random number of further sales.
    fn kill_under_load(&mut self) {
        let before = self.sales();
        let until = self.random.i64(before + 1..before + 100);
        assert!(until < SALES - 100, "too many kills for this number of requests");
        let mut tries = 0;
        while self.sales() < until {
            tries += 1;
            assert!(tries < TRIES, "{} sales, waiting for {until}", self.sales());
            sleep(Duration::from_millis(1));
        }
        let ended = self.server.take().expect("the server runs").kill();
        #[cfg(unix)]
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&ended.status), Some(9));
        assert!(!ended.status.success());
        self.kills += 1;
    }

    fn client_ends(&mut self) -> String {
        let ended = self.client.take().expect("the client was started").finish();
        assert!(ended.status.success(), "{}", ended.status);
        let said = ended.acks.join("\n") + "\n";
        let again = said.split("sent again: ").nth(1).and_then(|rest| rest.split(',').next()?.parse::<u64>().ok());
        assert!(again.is_some_and(|again| again > 0), "no request met a kill:\n{said}");
        println!("{} kills: {said}", self.kills);
        said
    }

    /// The rows that the shop has noted, seen beside the server.
    fn sales(&self) -> i64 {
        let url = url(self.folder.path());
        self.runtime.block_on(async {
            let mut connection = SqliteConnection::connect(&url).await.expect("the database of the server");
            sqlx::query_scalar("SELECT count(*) FROM sales").fetch_one(&mut connection).await.expect("a number")
        })
    }

    /// The database itself, when nobody uses it any more: what the answers said is what it has.
    fn books_are_sound(mut self) {
        drop(self.server.take().expect("the server runs").kill());
        assert_eq!(self.sales(), SALES);
        self.runtime.block_on(async {
            let idem = Idem::<Sqlite>::open(&url(self.folder.path())).await.expect("the database of the server");
            let orders = Order::stored(&idem, Rules).count_by_state().await.expect("orders");
            assert_eq!(orders.of(&order::StateKind::Paid), SALES.unsigned_abs());
            assert_eq!(orders.of(&order::StateKind::Placed), 0);
            let shop = idem.ledger().account("shop").get().await.expect("a read").expect("the shop's account");
            assert_eq!(shop.balance, 5 * SALES);
            let audit = idem.ledger().audit().await.expect("an audit");
            assert!(audit.is_sound(), "{audit:?}");
            idem.shutdown().await;
        });
    }
}

fn url(folder: &Path) -> String {
    format!("sqlite://{}", folder.join("shop.db").display())
}

/// Without what differs from run to run: times, processes, and how many requests met the kill.
fn plain(text: &str) -> String {
    let line = |line: &str| {
        let cut = ["date: ", ", process "].into_iter().find_map(|mark| Some(line.find(mark)? + mark.len()));
        let line = &line[..cut.unwrap_or(line.len())];
        let varies = line.starts_with("sent again: ");
        line.chars().filter(|c| !(varies && c.is_ascii_digit())).chain(['\n']).collect::<String>()
    };
    text.lines().map(line).collect()
}
