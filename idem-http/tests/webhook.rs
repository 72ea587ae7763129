//! Signatures of webhooks: the vectors of the senders, rotation, the window of time, and headers that are not as they should be.
#![cfg(feature = "webhook")]
#![allow(clippy::expect_used, reason = "a test says what it relies on")]

use std::time::Duration;

use http::header::{HeaderMap, HeaderName, HeaderValue};
use idem_http::webhook::{SecretError, SignError, Signer, Verified, Verifier, VerifyError};

const NOW: i64 = 1_614_265_330;
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OLDER: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

fn headers<const N: usize>(lines: [(&'static str, &str); N]) -> HeaderMap {
    let line = |(name, value)| {
        (HeaderName::from_static(name), HeaderValue::from_str(value).expect("a value that headers can carry"))
    };
    let mut headers = HeaderMap::new();
    lines.map(line).into_iter().for_each(|(name, value)| _ = headers.append(name, value));
    headers
}

fn set(headers: &HeaderMap, name: &'static str, value: &str) -> HeaderMap {
    let mut headers = headers.clone();
    headers.insert(name, HeaderValue::from_str(value).expect("a value that headers can carry"));
    headers
}

fn signature<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers[name].to_str().expect("a text")
}

fn standard() -> (Verifier, Signer) {
    (Verifier::standard(SECRET).expect("a secret"), Signer::standard(SECRET).expect("a secret"))
}

fn stripe() -> (Verifier, Signer) {
    (Verifier::stripe(SECRET).expect("a secret"), Signer::stripe(SECRET).expect("a secret"))
}

fn github() -> (Verifier, Signer) {
    (Verifier::github(SECRET).expect("a secret"), Signer::github(SECRET).expect("a secret"))
}

/// The header of the signatures, a verifier and a signer of each scheme.
fn schemes() -> [(&'static str, Verifier, Signer); 3] {
    [("stripe-signature", stripe()), ("x-hub-signature-256", github()), ("webhook-signature", standard())]
        .map(|(name, (verifier, signer))| (name, verifier, signer))
}

fn id_and_time(verified: &Verified) -> (Option<&str>, Option<i64>) {
    (verified.id.as_deref(), verified.at)
}

/// The vectors of the project's JavaScript and Rust libraries.
#[test]
fn standard_webhooks_vectors_are_verified_and_signed() {
    let vectors = [
        (
            SECRET,
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        ),
        (
            OLDER,
            "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
            1_649_367_553,
            r#"{"email":"test@example.com","username":"test_user"}"#,
            "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
        ),
    ];
    for (secret, id, at, body, signature) in vectors {
        let time = at.to_string();
        let lines = headers([("webhook-id", id), ("webhook-timestamp", &time), ("webhook-signature", signature)]);
        let verified = Verifier::standard(secret).expect("a secret").verify_at(&lines, body.as_bytes(), at);
        assert_eq!(id_and_time(&verified.expect("a valid signature")), (Some(id), Some(at)));
        assert_eq!(Signer::standard(secret).expect("a secret").sign(id, at, body.as_bytes()).expect("signed"), lines);
    }
}

/// From GitHub's page on validating deliveries.
#[test]
fn github_vector_is_verified_and_signed() {
    let (secret, body) = ("It's a Secret to Everybody", b"Hello, World!");
    let lines = headers([
        ("x-github-delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958"),
        ("x-hub-signature-256", "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"),
    ]);
    let verified = Verifier::github(secret).expect("a secret").verify_at(&lines, body, NOW).expect("a valid signature");
    assert_eq!(id_and_time(&verified), (Some("72d3162e-cc78-11e3-81ab-4c9367dc0958"), None));
    let signed = Signer::github(secret).expect("a secret").sign("72d3162e-cc78-11e3-81ab-4c9367dc0958", 0, body);
    assert_eq!(signed.expect("signed"), lines);
}

/// Made with stripe-python 16.1.0: `stripe.WebhookSignature.generate_signature_header(body, secret, timestamp)`.
#[test]
fn stripe_vectors_are_verified_and_signed() {
    let event = r#"{"id":"evt_1","object":"event"}"#;
    let vectors = [
        (
            "whsec_test_secret",
            1_614_265_330,
            event,
            "t=1614265330,v1=42b3d2b2181207b6b299df380bf37599bb895dc182467ba12e046b1916c4cd19",
        ),
        (
            "whsec_older_secret",
            1_614_265_330,
            event,
            "t=1614265330,v1=4522b08a8c8fc22e4142390da2ea5f45d42348eb4411b97105490c8c4043ebee",
        ),
        (
            "whsec_test_secret",
            1_792_000_000,
            "{\n  \"id\": \"evt_2\",\n  \"name\": \"Zoë ☃\"\n}",
            "t=1792000000,v1=dd62b0a1628e3fd97f8939a42be8507ca78111683f04e0ed6ac1f9bccb4f9876",
        ),
    ];
    for (secret, at, body, signature) in vectors {
        let lines = headers([("stripe-signature", signature)]);
        let verified = Verifier::stripe(secret).expect("a secret").verify_at(&lines, body.as_bytes(), at);
        assert_eq!(id_and_time(&verified.expect("a valid signature")), (None, Some(at)));
        assert_eq!(
            Signer::stripe(secret).expect("a secret").sign("unused", at, body.as_bytes()).expect("signed"),
            lines
        );
    }
}

/// Each of several secrets fits each of several signatures, among some that fit none.
#[test]
fn rotation_accepts_any_secret_with_any_signature() {
    let new = standard().1.sign("msg_1", NOW, b"{}").expect("signed");
    let old = Signer::standard(OLDER).expect("a secret").sign("msg_1", NOW, b"{}").expect("signed");
    let both = Signer::standard(SECRET).expect("a secret").also(OLDER).expect("a secret");
    let both = both.sign("msg_1", NOW, b"{}").expect("signed");
    let (new_text, old_text) = (signature(&new, "webhook-signature"), signature(&old, "webhook-signature"));
    assert_eq!(signature(&both, "webhook-signature"), format!("{new_text} {old_text}"));
    let noisy = format!("v1a,AAAA v1,9DfC1c3eeOrXB6w/5dIDydLNQaEyww5KalE5jLBZucE=  {old_text} v1, v1");
    let noisy = set(&new, "webhook-signature", &noisy);

    let verifies = |verifier: &Verifier, lines| verifier.verify_at(lines, b"{}", NOW).is_ok();
    let verifier_new = Verifier::standard(SECRET).expect("a secret");
    let verifier_old = Verifier::standard(OLDER).expect("a secret");
    let verifier_both = verifier_new.clone().also(OLDER).expect("a secret");
    let all = |verifier| [&new, &old, &both, &noisy].map(|lines| verifies(verifier, lines));
    assert_eq!(all(&verifier_new), [true, false, true, false]);
    assert_eq!(all(&verifier_old), [false, true, true, true]);
    assert_eq!(all(&verifier_both), [true, true, true, true]);

    let other = Verifier::standard("b3RoZXIgc2VjcmV0").expect("a secret").also("YW5vdGhlcg==").expect("a secret");
    assert_eq!(other.verify_at(&both, b"{}", NOW), Err(VerifyError::Mismatch));
}

#[test]
fn stripe_rotation_ignores_other_versions() {
    let header = "t=1614265330,v1=4522b08a8c8fc22e4142390da2ea5f45d42348eb4411b97105490c8c4043ebee,\
                  v1=42b3d2b2181207b6b299df380bf37599bb895dc182467ba12e046b1916c4cd19,v0=00";
    let body = br#"{"id":"evt_1","object":"event"}"#;
    for secret in ["whsec_test_secret", "whsec_older_secret"] {
        let verifier = Verifier::stripe(secret).expect("a secret");
        assert!(verifier.verify_at(&headers([("stripe-signature", header)]), body, NOW).is_ok());
        let other = headers([("stripe-signature", &*header.replace("v1=", "v0="))]);
        let refused = VerifyError::NoSignature { header: "stripe-signature", version: "v1" };
        assert_eq!(verifier.verify_at(&other, body, NOW), Err(refused));
    }
}

#[test]
fn window_has_two_sides() {
    for (name, verifier, signer) in schemes() {
        let lines = signer.sign("msg_1", NOW, b"{}").expect("signed");
        let at = |verifier: &Verifier, now| verifier.verify_at(&lines, b"{}", now).map(|_| ());
        let (old, new) = (
            VerifyError::TooOld { seconds: 301, tolerance: 300 },
            VerifyError::TooNew { seconds: 301, tolerance: 300 },
        );
        let timed = name != "x-hub-signature-256";
        let outside = |error| if timed { Err(error) } else { Ok(()) };
        assert_eq!([300, 0, -300].map(|later| at(&verifier, NOW + later)), [Ok(()); 3], "{name}");
        assert_eq!(at(&verifier, NOW + 301), outside(old), "{name}");
        assert_eq!(at(&verifier, NOW - 301), outside(new), "{name}");

        let exact = verifier.clone().tolerance(Duration::ZERO);
        assert_eq!(at(&exact, NOW), Ok(()), "{name}");
        assert_eq!(at(&exact, NOW + 1).is_err(), timed, "{name}");
        let endless = verifier.tolerance(Duration::MAX);
        assert_eq!([i64::MIN, i64::MAX].map(|now| at(&endless, now)), [Ok(()); 2], "{name}");
    }
}

#[test]
fn window_is_exact_at_ends_of_i64() {
    let (verifier, signer) = standard();
    let last = signer.sign("msg_1", i64::MAX, b"{}").expect("signed");
    let first = signer.sign("msg_1", 0, b"{}").expect("signed");
    let at = |lines, now| verifier.verify_at(lines, b"{}", now).map(|verified| verified.at);
    assert_eq!(at(&last, i64::MAX), Ok(Some(i64::MAX)));
    assert_eq!(at(&last, i64::MIN), Err(VerifyError::TooNew { seconds: u64::MAX, tolerance: 300 }));
    assert_eq!(at(&first, i64::MAX), Err(VerifyError::TooOld { seconds: i64::MAX.unsigned_abs(), tolerance: 300 }));
    assert_eq!(at(&first, i64::MIN), Err(VerifyError::TooNew { seconds: i64::MIN.unsigned_abs(), tolerance: 300 }));
    for at in [-1, i64::MIN] {
        assert_eq!(signer.sign("msg_1", at, b"{}"), Err(SignError::Time { at }));
    }
}

#[test]
fn time_is_digits() {
    let expected = "unix seconds in digits";
    let signed = standard().1.sign("msg_1", NOW, b"{}").expect("signed");
    let too_long = "1".repeat(4_097);
    let ends = ["-9223372036854775808", "9223372036854775808", "99999999999999999999999999"];
    for time in ["", "+1614265330", "-1", "1614265330.0", "1614265330s", "0x10", "1 614", "hello"].iter().chain(&ends) {
        let lines = set(&signed, "webhook-timestamp", time);
        let refused = standard().0.verify_at(&lines, b"{}", NOW);
        assert_eq!(refused, Err(VerifyError::Malformed { header: "webhook-timestamp", expected }), "{time:?}");
        let lines = headers([("stripe-signature", &*format!("t={time},v1=00"))]);
        let refused = stripe().0.verify_at(&lines, b"{}", NOW);
        assert_eq!(refused, Err(VerifyError::Malformed { header: "stripe-signature", expected }), "{time:?}");
    }
    let lines = set(&signed, "webhook-timestamp", &too_long);
    let refused = standard().0.verify_at(&lines, b"{}", NOW);
    assert_eq!(refused, Err(VerifyError::TooLong { header: "webhook-timestamp", bytes: 4_097, most: 4_096 }));
    // The time is signed as it is written: with zeros in front it is another text.
    let lines = set(&signed, "webhook-timestamp", "01614265330");
    let refused = standard().0.verify_at(&lines, b"{}", NOW);
    assert_eq!(refused, Err(VerifyError::Mismatch));
}

/// A request with a wrong signature does not show what the clock would have accepted.
#[test]
fn signature_is_checked_before_clock() {
    for (name, verifier, signer) in schemes() {
        let lines = signer.sign("msg_1", NOW, b"{}").expect("signed");
        for now in [NOW + 10_000, NOW - 10_000, i64::MIN, i64::MAX] {
            assert_eq!(verifier.verify_at(&lines, b"[]", now), Err(VerifyError::Mismatch), "{name}");
        }
    }
}

#[test]
fn every_byte_of_body_counts_and_need_not_be_utf8() {
    let bodies: [&[u8]; 4] = [b"", b"\xff\xfe\0\x80 no text", br#"{"a": 1, "b": [1.0]}"#, &[0xe2; 5_000]];
    for (name, verifier, signer) in schemes() {
        for body in bodies {
            let lines = signer.sign("msg_1", NOW, body).expect("signed");
            assert!(verifier.verify_at(&lines, body, NOW).is_ok(), "{name}");
            for at in 0..body.len().min(40) {
                let mut changed = body.to_vec();
                changed[at] ^= 1;
                assert_eq!(verifier.verify_at(&lines, &changed, NOW), Err(VerifyError::Mismatch), "{name}, byte {at}");
            }
            let longer = [body, b"\n"].concat();
            assert_eq!(verifier.verify_at(&lines, &longer, NOW), Err(VerifyError::Mismatch), "{name}");
        }
        let json: serde_json::Value = serde_json::from_slice(bodies[2]).expect("JSON");
        let lines = signer.sign("msg_1", NOW, bodies[2]).expect("signed");
        assert_eq!(verifier.verify_at(&lines, json.to_string().as_bytes(), NOW), Err(VerifyError::Mismatch), "{name}");
    }
}

/// `msg_1.1.1614265330.{}` is signed; read as another id, time and body it would be accepted.
#[test]
fn signed_parts_cannot_be_divided_otherwise() {
    let signer = Signer::standard(SECRET).expect("a secret");
    let lines = signer.sign("msg_1", 1, b"1614265330.{}").expect("signed");
    let moved = set(&set(&lines, "webhook-id", "msg_1.1"), "webhook-timestamp", "1614265330");
    let expected = "visible ASCII without spaces and full stops";
    let refused = standard().0.verify_at(&moved, b"{}", NOW);
    assert_eq!(refused, Err(VerifyError::Malformed { header: "webhook-id", expected }));
    assert_eq!(signer.sign("msg_1.1", NOW, b"{}"), Err(SignError::Id { expected, most: 255 }));
}

#[test]
fn signed_headers_count() {
    let signed = standard().1.sign("msg_1", NOW, b"{}").expect("signed");
    for (header, value) in [("webhook-id", "msg_2"), ("webhook-timestamp", "1614265331")] {
        let refused = standard().0.verify_at(&set(&signed, header, value), b"{}", NOW);
        assert_eq!(refused, Err(VerifyError::Mismatch), "{header}");
    }
    let signed = stripe().1.sign("", NOW, b"{}").expect("signed");
    let later = signature(&signed, "stripe-signature").replace("t=1614265330", "t=1614265331");
    let refused = stripe().0.verify_at(&set(&signed, "stripe-signature", &later), b"{}", NOW);
    assert_eq!(refused, Err(VerifyError::Mismatch));
}

#[test]
fn missing_or_repeated_header_is_refused() {
    for (name, verifier, signer) in schemes() {
        let signed = signer.sign("msg_1", NOW, b"{}").expect("signed");
        let lines: Vec<_> = signed.keys().cloned().collect();
        assert!(lines.iter().any(|header| header == name));
        for header in lines {
            let mut without = signed.clone();
            let value = without.remove(&header).expect("a line");
            let mut twice = signed.clone();
            twice.append(&header, value);
            let (without, twice) = (verifier.verify_at(&without, b"{}", NOW), verifier.verify_at(&twice, b"{}", NOW));
            assert!(matches!(twice, Err(VerifyError::Repeated { header: named }) if named == header), "{twice:?}");
            if header == "x-github-delivery" {
                assert_eq!(without.expect("not signed, so not required").id, None);
            } else {
                assert!(
                    matches!(without, Err(VerifyError::Missing { header: named }) if named == header),
                    "{without:?}"
                );
            }
        }
    }
}

#[test]
fn list_without_signature_is_refused() {
    for (name, verifier, signer) in schemes() {
        let signed = signer.sign("msg_1", NOW, b"{}").expect("signed");
        let (front, separator, version) = match name {
            "stripe-signature" => ("t=1614265330", ",", "v1"),
            "x-hub-signature-256" => ("", ",", "sha256"),
            _ => ("", " ", "v1"),
        };
        for items in ["", "v2=00", "v1a,AAAA", "v1", "=", "   ", "V1=00", "V1,AAAA"] {
            let lines = set(&signed, name, &format!("{front}{separator}{items}{separator}{separator}"));
            let refused = VerifyError::NoSignature { header: name, version };
            assert_eq!(verifier.verify_at(&lines, b"{}", NOW), Err(refused), "{name}: {items:?}");
        }
    }
    for list in ["v1=00", "t=1614265330,t=1614265330,v1=00", ""] {
        let refused = VerifyError::Malformed { header: "stripe-signature", expected: "one time" };
        let lines = headers([("stripe-signature", list)]);
        assert_eq!(stripe().0.verify_at(&lines, b"{}", NOW), Err(refused), "{list:?}");
    }
}

#[test]
fn partial_signature_does_not_match() {
    for (name, verifier, signer) in schemes() {
        let signed = signer.sign("msg_1", NOW, b"{}").expect("signed");
        let whole = signature(&signed, name);
        let digits = if name == "webhook-signature" { 44 } else { 64 };
        let begins = whole.len() - digits;
        for end in begins..whole.len() {
            let refused = verifier.verify_at(&set(&signed, name, &whole[..end]), b"{}", NOW);
            // Base64 without its padding is whole.
            let padding = whole[end..].chars().all(|character| character == '=');
            assert_eq!(refused.is_ok(), padding, "{name}: {}", &whole[..end]);
            assert!(padding || refused == Err(VerifyError::Mismatch), "{name}: {refused:?}");
        }
        let longer = set(&signed, name, &format!("{whole}00"));
        assert_eq!(verifier.verify_at(&longer, b"{}", NOW), Err(VerifyError::Mismatch), "{name}");
    }
}

#[test]
fn hex_is_read_in_upper_case() {
    for (name, verifier, signer) in schemes().into_iter().take(2) {
        let signed = signer.sign("msg_1", NOW, b"{}").expect("signed");
        let (front, hex) = signature(&signed, name).rsplit_once('=').expect("an item");
        assert_ne!(hex, hex.to_uppercase());
        let lines = set(&signed, name, &format!("{front}={}", hex.to_uppercase()));
        assert!(verifier.verify_at(&lines, b"{}", NOW).is_ok(), "{name}");
        let lines = set(&signed, name, &format!("{}={hex}", front.to_uppercase()));
        assert!(verifier.verify_at(&lines, b"{}", NOW).is_err(), "{name}: names of items are as they are");
    }
}

#[test]
fn long_header_is_refused_unread() {
    for (name, verifier, signer) in schemes() {
        let signed = signer.sign("msg_1", NOW, b"{}").expect("signed");
        let whole = signature(&signed, name);
        let separator = if name == "webhook-signature" { " " } else { "," };
        let filled = |bytes: usize| whole.to_owned() + &separator.repeat(bytes - whole.len());
        assert!(verifier.verify_at(&set(&signed, name, &filled(4_096)), b"{}", NOW).is_ok(), "{name}");
        for bytes in [4_097, 1 << 20] {
            let refused = verifier.verify_at(&set(&signed, name, &filled(bytes)), b"{}", NOW);
            assert_eq!(refused, Err(VerifyError::TooLong { header: name, bytes, most: 4_096 }));
        }
    }
    for (header, (verifier, signer)) in [("webhook-id", standard()), ("x-github-delivery", github())] {
        let signed = signer.sign(&"i".repeat(255), NOW, b"{}").expect("signed");
        assert!(verifier.verify_at(&signed, b"{}", NOW).is_ok());
        let refused = verifier.verify_at(&set(&signed, header, &"i".repeat(256)), b"{}", NOW);
        assert_eq!(refused, Err(VerifyError::TooLong { header, bytes: 256, most: 255 }));
        assert!(matches!(signer.sign(&"i".repeat(256), NOW, b"{}"), Err(SignError::Id { most: 255, .. })));
        assert!(matches!(signer.sign("a\r\nb", NOW, b"{}"), Err(SignError::Id { .. })));
        assert!(matches!(signer.sign("", NOW, b"{}"), Err(SignError::Id { .. })));
    }
}

#[test]
fn signer_makes_no_header_that_verifier_does_not_read() {
    let (verifier, mut signer) = standard();
    for secrets in 1..=100 {
        match signer.sign("msg_1", NOW, b"{}") {
            Ok(lines) => assert!(verifier.verify_at(&lines, b"{}", NOW).is_ok(), "{secrets} secrets"),
            Err(error) => {
                assert_eq!((error, secrets), (SignError::TooManySecrets { most: 4_096 }, 86));
                return;
            }
        }
        signer = signer.also(OLDER).expect("a secret");
    }
    panic!("no limit");
}

#[test]
fn header_that_is_no_text_is_refused() {
    let signed = standard().1.sign("msg_1", NOW, b"{}").expect("signed");
    for header in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let mut lines = signed.clone();
        lines.insert(header, HeaderValue::from_bytes(b"\xff\x80").expect("opaque bytes"));
        let refused = standard().0.verify_at(&lines, b"{}", NOW);
        assert!(matches!(refused, Err(VerifyError::Malformed { header: named, .. }) if named == header), "{refused:?}");
    }
}

#[test]
fn unfit_secret_is_refused() {
    type Maker = fn(&str) -> Result<Verifier, SecretError>;
    let makers: [Maker; 3] =
        [|secret| Verifier::stripe(secret), |secret| Verifier::github(secret), |secret| Verifier::standard(secret)];
    for maker in makers {
        assert_eq!(maker("").err(), Some(SecretError::Empty));
        assert_eq!(maker(" \n").err(), Some(SecretError::Whitespace));
        assert_eq!(maker(&format!("{SECRET}\n")).err(), Some(SecretError::Whitespace));
        assert_eq!(maker(SECRET).and_then(|verifier| verifier.also("")).err(), Some(SecretError::Empty));
    }
    assert_eq!(Verifier::standard("whsec_").err(), Some(SecretError::Empty));
    // An asymmetric key, and base64 for URLs.
    for secret in ["whpk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_a-b_", "a b", "a"] {
        assert_eq!(Verifier::standard(secret).err(), Some(SecretError::NotBase64), "{secret:?}");
        assert_eq!(Signer::standard(secret).err(), Some(SecretError::NotBase64), "{secret:?}");
    }
}

#[test]
fn standard_secret_needs_no_prefix_and_no_padding() {
    let lines = Signer::standard("whsec_YW5vdGhlcg==").expect("a secret").sign("msg_1", NOW, b"{}").expect("signed");
    for secret in ["whsec_YW5vdGhlcg", "YW5vdGhlcg==", "YW5vdGhlcg"] {
        let verifier = Verifier::standard(secret).expect("a secret");
        assert!(verifier.verify_at(&lines, b"{}", NOW).is_ok(), "{secret}");
    }
    // Stripe's prefix is part of its secret.
    let lines = Signer::stripe("whsec_abc").expect("a secret").sign("", NOW, b"{}").expect("signed");
    let verifier = Verifier::stripe("abc").expect("a secret");
    assert_eq!(verifier.verify_at(&lines, b"{}", NOW), Err(VerifyError::Mismatch));
}

#[test]
fn system_clock_is_in_seconds() {
    let (verifier, signer) = standard();
    let now = std::time::UNIX_EPOCH.elapsed().expect("a clock after 1970").as_secs().cast_signed();
    let lines = signer.sign("msg_1", now, b"{}").expect("signed");
    assert_eq!(verifier.verify(&lines, b"{}").expect("signed now").at, Some(now));
    let old = verifier.verify(&signer.sign("msg_1", now - 400, b"{}").expect("signed"), b"{}");
    assert!(matches!(old, Err(VerifyError::TooOld { seconds: 400.., tolerance: 300 })), "{old:?}");
}

#[test]
fn debug_and_errors_show_no_secret_and_no_signature() {
    for (name, verifier, signer) in schemes() {
        let lines = signer.sign("msg_1", NOW, b"{}").expect("signed");
        let whole = signature(&lines, name);
        let hash = &whole[whole.len() - 12..];
        let mismatch = verifier.verify_at(&lines, b"private", NOW).expect_err("another body");
        let old = verifier.verify_at(&lines, b"{}", NOW + 1_000).err();
        let shown =
            format!("{verifier:?} {signer:?} {mismatch:?} {mismatch} {old:?} {lines:?} {:?}", verifier.clone().layer());
        for secret in ["MfKQ", hash, "private"] {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
        assert!(shown.contains("secrets: 1"), "{shown}");
    }
}
