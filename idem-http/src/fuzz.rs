//! Random bytes for what reads bytes from outside: the header of the key, the record of an answer, the boundary of a form. Inputs of a corpus
//! are read as they are, then changed at random: a few thousand of each in every run, for ten minutes each where `IDEM_LONG` is set.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::fingerprint::request;
use crate::header::{parse, quoted};
use crate::record::Record;

const SHORT: u32 = 5_000;
const LONG: Duration = Duration::from_mins(10);

/// Gives `check` each input of the corpus, then changed ones.
fn fuzz(corpus: &[Vec<u8>], mut check: impl FnMut(&[u8])) {
    for input in corpus {
        check(input);
    }
    let seed = std::env::var("IDEM_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| fastrand::u64(..));
    eprintln!("IDEM_SEED={seed}");
    let (mut random, long, began) =
        (fastrand::Rng::with_seed(seed), std::env::var_os("IDEM_LONG").is_some(), Instant::now());
    let mut made = 0;
    while if long { began.elapsed() < LONG } else { made < SHORT } {
        let mut input = random.choice(corpus).cloned().unwrap_or_default();
        for _ in 0..random.usize(1..6) {
            change(&mut input, corpus, &mut random);
        }
        check(&input);
        made += 1;
    }
}

fn change(input: &mut Vec<u8>, corpus: &[Vec<u8>], random: &mut fastrand::Rng) {
    let at = random.usize(0..=input.len());
    match random.u8(0..7) {
        0 if at < input.len() => input[at] = random.u8(..),
        1 if at < input.len() => input[at] ^= 1 << random.u8(0..8),
        2 => input.insert(at, random.u8(..)),
        3 if at < input.len() => drop(input.remove(at)),
        4 => input.truncate(at),
        5 => {
            let other = random.choice(corpus).cloned().unwrap_or_default();
            let from = random.usize(0..=other.len());
            input.splice(at..at, other[from..].iter().copied());
        }
        _ => {
            let signs = b"\"\\;=:?@%*-.,' \t\r\n\0\x7f\xff";
            input.insert(at, random.choice(signs.iter().copied()).unwrap_or_default());
        }
    }
    input.truncate(4_096);
}

#[test]
fn header_of_any_bytes_is_a_key_or_refused() {
    let corpus = [
        "8e03978e-40d5-43e8-bc93-6894a57f9324",
        "\"8e03978e-40d5-43e8-bc93-6894a57f9324\"",
        r#""foo \"bar\" \\ baz";a=1;b="x";c=:YQ==:;d=?1;e=@-5;f=1.5;g=*tok/x;h=%"f%c3%bc""#,
        "\"\"",
        "a;b=c",
    ];
    fuzz(&corpus.map(|text| text.as_bytes().to_vec()), |line| {
        let Ok(key) = parse(line, false) else { return };
        assert!((1..=255).contains(&key.len()) && key.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{key:?}");
        idem_core::Key::new("scope", key.clone()).expect("what is read is a key");
        let again = quoted(&key).expect("what is read can be sent");
        assert_eq!(parse(again.as_bytes(), true).as_deref(), Ok(&*key));
    });
}

#[test]
fn record_of_any_bytes_is_an_answer_or_refused() {
    let headers: HeaderMap = [("content-type", "text/plain"), ("link", "</a>")]
        .map(|(name, value)| (name.parse().expect("a name"), HeaderValue::from_static(value)))
        .into_iter()
        .collect();
    let record =
        |status, body: Option<&'static [u8]>| Record::of(status, &headers, body.map(Bytes::from_static), &[]).encode();
    let corpus = [record(StatusCode::OK, Some(b"body")), record(StatusCode::NO_CONTENT, None), Vec::new(), vec![0; 64]];
    fuzz(&corpus, |bytes| {
        let Ok(record) = Record::decode(bytes.to_vec()) else { return };
        assert!((100..600).contains(&record.status.as_u16()));
        assert_eq!(Record::decode(record.encode()), Ok(record.clone()));
        drop(record.response());
    });
}

#[test]
fn form_of_any_bytes_has_a_fingerprint() {
    let corpus = [
        &b"--b\r\ncontent-disposition: form-data; name=\"a\"\r\n\r\n5\r\n--b--\r\n"[..],
        b"--b--",
        b"\r\n--b\r\n--b\r\n",
        b"a[b]=c&list[0]=x",
        br#"{"a":[1,2,{"b":null}]}"#,
    ];
    let parts = |content_type: &str| {
        let request = http::Request::post("/a?b").header("content-type", content_type).body(()).expect("a request");
        request.into_parts().0
    };
    let kinds =
        ["multipart/form-data; boundary=b", "multipart/form-data; boundary=\"\"", "application/json", "text/plain"];
    let kinds = kinds.map(parts);
    fuzz(&corpus.map(<[u8]>::to_vec), |body| {
        for parts in &kinds {
            let one = request(parts, body, &[]);
            assert_eq!(one, request(parts, body, &[]));
            let longer = [body, b"x"].concat();
            // White space after JSON does not count; a letter makes other bytes of it.
            assert_ne!(one, request(parts, &longer, &[]));
        }
    });
}
