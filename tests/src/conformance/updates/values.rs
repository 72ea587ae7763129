//! Values are written and compared as they are, or refused.

use idem_core::error::UpdateProblem;
use idem_core::update::{ConditionalUpdate, Upsert, Value};

use super::{documents, edit, prepared, problem, updated};
use crate::conformance::{Stored, Subject};

/// Text that looks like SQL, every plane, the ends of numbers, bytes: written and compared as they are.
pub async fn update_values_are_stored_unchanged<S: Subject>(on: &S) {
    let stored = Stored::open(on).await;
    stored
        .execute("CREATE TABLE samples (id text PRIMARY KEY, t text, i bigint, d double precision, version bigint DEFAULT 1)")
        .await;
    let hostile = ["'; DROP TABLE samples; --", "\u{1f980}\u{301}", "\\", "", "null", "$1", "\u{7f}"];
    for (at, text) in (0_i64..).zip(hostile) {
        let of = || Upsert::table("samples").key("id", text);
        updated(of().set("t", text).set("i", i64::MAX - at).set("d", -0.1).execute(&stored.idem).await, 1);
        let same = ConditionalUpdate::table("samples").key("id", text).set("t", "seen");
        let same = same.expect("t", text).expect("i", i64::MAX - at).expect("d", -0.1).execute(&stored.idem).await;
        updated(same, 2);
    }
    assert_eq!(stored.number("SELECT count(*) FROM samples WHERE t = 'seen' AND d < 0").await, 7);
    // What the empty text was given above.
    let mut last = i64::MAX - 3;
    for (version, number) in (3..).zip([i64::MIN, 0, i64::MAX]) {
        let set = ConditionalUpdate::table("samples").key("id", "").set("i", number).set("t", Value::Null);
        updated(set.expect("i", last).execute(&stored.idem).await, version);
        last = number;
    }
}

/// NaN, NUL where it cannot be stored, a number beyond its column, `NULL` as a key.
pub async fn update_with_unfit_value_is_refused<S: Subject>(on: &S) {
    let stored = prepared(on).await;
    let column = |column: &str| column.to_owned();
    let nan = edit().set("body", f64::NAN).expect_version(1).execute(&stored.idem).await;
    assert_eq!(problem(nan), UpdateProblem::NotANumber { column: column("body") });
    let null = ConditionalUpdate::table("documents").key("id", Value::Null).set("body", "x").expect_version(1);
    assert_eq!(problem(null.execute(&stored.idem).await), UpdateProblem::NullKey { column: column("id") });
    let nul = edit().set("body", "a\0b").expect_version(1).execute(&stored.idem).await;
    if on.differences().nul_in_text {
        updated(nul, 2);
        let same = edit().set("body", "draft").expect("body", "a\0b").execute(&stored.idem).await;
        updated(same, 3);
    } else {
        assert_eq!(problem(nul), UpdateProblem::Nul { column: column("body") });
        assert_eq!(documents(&stored, "version = 1").await, 2);
    }
}
