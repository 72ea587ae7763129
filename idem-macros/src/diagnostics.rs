//! Findings: collected, all of them, each on the token that is wrong.

use proc_macro2::{Ident, Span, TokenStream};
use quote::ToTokens;

/// Every finding of one expansion, in the order of the source.
#[derive(Default)]
pub(crate) struct Diagnostics {
    errors: Option<syn::Error>,
}

impl Diagnostics {
    pub(crate) fn push(&mut self, report: Report) {
        let error = syn::Error::from(report);
        match &mut self.errors {
            Some(errors) => errors.combine(error),
            none => *none = Some(error),
        }
    }

    /// The findings as `compile_error!` invocations.
    pub(crate) fn into_tokens(self) -> TokenStream {
        self.errors.map(|errors| errors.to_compile_error()).unwrap_or_default()
    }
}

/// One mistake: its code, the wrong token, what was found and expected where the summary does not say it, and the fix.
#[must_use = "a report is seen only when it is pushed"]
pub(crate) struct Report {
    code: &'static str,
    at: TokenStream,
    lines: Vec<String>,
    also: Option<(TokenStream, String)>,
}

/// A report that does not yet say what to do.
#[must_use = "a draft becomes a report by its fix"]
pub(crate) struct Draft(Report);

impl Report {
    /// A report on all of `at`.
    pub(crate) fn draft(code: &'static str, at: &impl ToTokens, summary: impl AsRef<str>) -> Draft {
        let summary = format!("[{code}] {}", summary.as_ref());
        Draft(Self { code, at: at.to_token_stream(), lines: vec![summary], also: None })
    }

    /// A report on a place that has no token of its own at hand.
    pub(crate) fn draft_at(code: &'static str, span: Span, summary: impl AsRef<str>) -> Draft {
        Self::draft(code, &Ident::new("here", span), summary)
    }

    /// The second place, where two meet.
    pub(crate) fn also(mut self, at: &impl ToTokens, text: impl Into<String>) -> Self {
        self.also = Some((at.to_token_stream(), text.into()));
        self
    }
}

impl Draft {
    pub(crate) fn found(self, text: impl AsRef<str>) -> Self {
        self.line("found", text.as_ref())
    }

    pub(crate) fn expected(self, text: impl AsRef<str>) -> Self {
        self.line("expected", text.as_ref())
    }

    /// What the parser says: mostly what it expected.
    pub(crate) fn parser(self, error: &syn::Error) -> Self {
        let text = error.to_string();
        match text.strip_prefix("expected ") {
            Some(expected) => self.expected(expected),
            None => self.found(text),
        }
    }

    pub(crate) fn fix(self, text: impl AsRef<str>) -> Report {
        self.line("fix", text.as_ref()).0
    }

    fn line(mut self, label: &str, text: &str) -> Self {
        self.0.lines.push(format!("{label}: {text}"));
        self
    }
}

impl From<Report> for syn::Error {
    fn from(report: Report) -> Self {
        let Report { code, at, mut lines, also } = report;
        lines.push(format!("see idem_core::compile_errors::{}", code.to_lowercase()));
        let mut error = syn::Error::new_spanned(at, lines.join("\n"));
        if let Some((at, text)) = also {
            error.combine(syn::Error::new_spanned(at, format!("[{code}] {text}")));
        }
        error
    }
}

/// "one of `A`, `B`", or what to read when there is nothing to choose from.
pub(crate) fn one_of<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{}`", name.as_ref())).collect();
    match names.as_slice() {
        [] => "one that is declared; there is none yet".to_owned(),
        [only] => only.clone(),
        many => format!("one of {}", many.join(", ")),
    }
}

/// "`A`, `B`".
pub(crate) fn list<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    names.into_iter().map(|name| format!("`{}`", name.as_ref())).collect::<Vec<_>>().join(", ")
}
