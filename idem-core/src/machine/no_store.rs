//! `stored` without a store: a bound that never holds, and whose text is the error.

/// Holds for nothing.
#[diagnostic::on_unimplemented(
    message = "[F508] `stored` needs a database, and `idem-core` is built without one",
    label = "found no feature for a database, expected `sqlite` or `postgres`",
    note = "fix: name the feature in Cargo.toml, `idem-core = {{ version = \"…\", features = [\"postgres\"] }}`; `sqlite` is on by default",
    note = "see idem_core::compile_errors::f508"
)]
pub trait Store {
    #[doc(hidden)]
    fn __never(&self) -> !;
}
