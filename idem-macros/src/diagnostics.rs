//! Findings: collected, all of them, each on the token that is wrong.

use proc_macro2::{Span, TokenStream};
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

/// One mistake: its code, the wrong token, and what to do.
///
/// Every message reads alike: a summary, then `found`, `expected` and `fix` where they say more than the summary.
#[must_use = "a report is seen only when it is pushed"]
pub(crate) struct Report {
    code: &'static str,
    at: TokenStream,
    summary: String,
    details: Vec<(&'static str, String)>,
    also: Option<(TokenStream, String)>,
}

impl Report {
    /// A report on all of `at`.
    pub(crate) fn new(code: &'static str, at: &impl ToTokens, summary: impl Into<String>) -> Self {
        Self { code, at: at.to_token_stream(), summary: summary.into(), details: Vec::new(), also: None }
    }

    /// A report on a place that has no token of its own at hand.
    pub(crate) fn at(code: &'static str, span: Span, summary: impl Into<String>) -> Self {
        Self::new(code, &proc_macro2::Ident::new("here", span), summary)
    }

    pub(crate) fn found(mut self, text: impl Into<String>) -> Self {
        self.details.push(("found", text.into()));
        self
    }

    pub(crate) fn expected(mut self, text: impl Into<String>) -> Self {
        self.details.push(("expected", text.into()));
        self
    }

    pub(crate) fn fix(mut self, text: impl Into<String>) -> Self {
        self.details.push(("fix", text.into()));
        self
    }

    /// The second place, where two meet.
    pub(crate) fn also(mut self, at: &impl ToTokens, text: impl Into<String>) -> Self {
        self.also = Some((at.to_token_stream(), text.into()));
        self
    }
}

impl From<Report> for syn::Error {
    fn from(report: Report) -> Self {
        let Report { code, at, summary, details, also } = report;
        let mut lines = vec![format!("[{code}] {summary}")];
        lines.extend(details.iter().map(|(label, detail)| format!("{label}: {detail}")));
        lines.push(format!("see docs/errors/{code}.md"));
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
        [] => "nothing: there is none".to_owned(),
        [only] => only.clone(),
        many => format!("one of {}", many.join(", ")),
    }
}

/// "`A`, `B`".
pub(crate) fn list<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    names.into_iter().map(|name| format!("`{}`", name.as_ref())).collect::<Vec<_>>().join(", ")
}
