//! What an auditor is called with: a verdict for each request, and nothing that is secret.

use std::sync::{Arc, Mutex};

use tests::Backend;

use crate::on_each;
use crate::service::{Script, Then};
use crate::site::{KEY, Site, Via, post, request};

on_each! {
    each_verdict_is_audited_without_secrets
}

async fn each_verdict_is_audited_without_secrets<DB: Backend>(via: Via) {
    let Some(site) = Site::<DB>::open(via).await else { return };
    let seen = Arc::new(Mutex::new(Vec::new()));
    let audited = seen.clone();
    let door = site
        .serve(move |guard| {
            guard.audit(move |audit| {
                let shown = format!("{audit:?}");
                assert!(!shown.contains(KEY) && !shown.contains("session=secret"), "{shown}");
                let line = format!("{} {} {:?} {}", audit.route, audit.verdict, audit.status, audit.attempts);
                audited.lock().expect("not poisoned").push((line, audit.key.map(str::to_owned), audit.scope.is_some()));
            })
        })
        .await;
    let done = Script::new(Then::Done);
    let mut expected = Vec::new();
    let mut expect = |line: &str| expected.push(line.to_owned());
    door.act(KEY, &done).await;
    expect("/acts fresh Some(201) 1");
    door.act(KEY, &done).await;
    expect("/acts replayed Some(201) 0");
    door.act(KEY, &done.clone().amount(6)).await;
    expect("/acts key_reused Some(422) 0");
    door.act("\"", &done).await;
    expect("/acts malformed Some(400) 0");
    door.act("a-key-that-is-released", &Script::new(Then::Problem).status(418).losing(1)).await;
    expect("/acts released Some(418) 2");
    door.send(post("/nested/acts", &[("idempotency-key", "a-key-of-a-nested-route")], done.json())).await;
    expect("/nested/acts fresh Some(201) 1");
    door.send(request("GET", "/acts", &[], Vec::new())).await;
    let seen = seen.lock().expect("not poisoned");
    let lines: Vec<_> = seen.iter().map(|(line, ..)| line.clone()).collect();
    assert_eq!(lines, expected);
    let tag = idem_core::Key::new("single", KEY).expect("a key").tag_in("http").to_string();
    assert_eq!(seen[0].1.as_deref(), Some(&*tag));
    assert!(seen[3].1.is_none() && !seen[3].2, "of a key that cannot be read nothing is known");
}
