//! What curl sends for a command of the page, and what it prints.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

/// The answer to `command`, sent to `address`.
pub(crate) fn curl(command: &str, address: &str) -> String {
    // Words in apostrophes are one.
    let parts: Vec<String> = command.split('\'').map(str::to_owned).collect();
    let (mut words, mut quoted) = (Vec::new(), false);
    for part in parts {
        if quoted {
            words.push(part);
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
        quoted = !quoted;
    }
    let (mut path, mut headers, mut body) = (String::new(), String::new(), String::new());
    let mut words = words.into_iter().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().expect("an option has a value");
        match word.as_str() {
            "-i" => {}
            "-H" => headers.push_str(&(value() + "\r\n")),
            "--json" => body = value(),
            url => {
                path = url.strip_prefix("localhost:8080").expect("an option that is known, or the server").to_owned()
            }
        }
    }
    let mut stream = TcpStream::connect(address).expect("the server listens");
    let length = body.len();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
    )
    .expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    // Only the test closes the connection.
    answer.replace("connection: close\r\n", "").replace("\r\n", "\n") + "\n"
}
