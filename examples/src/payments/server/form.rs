//! Forms as Stripe's libraries send them: `metadata[order]=7`, `expand[0]=latest_charge`, in a body or in a query string.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use serde_json::{Map, Value};

use super::error::ApiError;

/// Parameters whose names have brackets.
const NESTED: [&str; 4] = ["automatic_payment_methods", "expand", "metadata", "payment_method_types"];

/// What is written to an object beside its own members. The limits are Stripe's.
#[derive(Debug, Default)]
pub(super) struct Metadata {
    /// An empty parameter takes all names away.
    pub(super) clears: bool,
    pub(super) texts: Map<String, Value>,
}

impl Metadata {
    /// Names of an object.
    pub(super) const MOST: usize = 50;
    /// Characters of a name.
    const NAME: usize = 40;
    /// Characters of a text.
    const TEXT: usize = 500;
}

/// Characters of any other text.
const TEXT: usize = 1_000;
/// The same of an e-mail address.
const EMAIL: usize = 512;

/// The parameters of a request, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    fn add(&mut self, text: &[u8]) {
        self.0.extend(form_urlencoded::parse(text).into_owned());
    }

    /// # Errors
    /// [`ApiError`] for a parameter that is not one of these.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), ApiError> {
        let base = |name: &str| name.split('[').next().unwrap_or_default().to_owned();
        if let Some(name) = self.0.iter().map(|(name, _)| base(name)).find(|name| !known.contains(&name.as_str())) {
            return Err(ApiError::param(&name, "parameter_unknown", format!("Received unknown parameter: {name}")));
        }
        let is_unfit =
            |(name, text): &&(String, String)| text.contains('\0') || !is_name(name) || text_is_long(name, text);
        match self.0.iter().find(is_unfit) {
            Some((name, _)) => Err(ApiError::param(name, "parameter_invalid", format!("Invalid parameter: {name}"))),
            None => Ok(()),
        }
    }

    /// A text; the last one, if it came twice. An empty one counts as none.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.sent(name).filter(|text| !text.is_empty())
    }

    /// A text, which may be empty: that takes the old one away.
    pub(super) fn sent(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(known, _)| known == name).map(|(_, text)| text.as_str())
    }

    /// # Errors
    /// [`ApiError`] if it is missing.
    pub(super) fn required(&self, name: &str) -> Result<&str, ApiError> {
        let missing = || ApiError::param(name, "parameter_missing", format!("Missing required param: {name}."));
        self.text(name).ok_or_else(missing)
    }

    /// A whole number.
    ///
    /// # Errors
    /// [`ApiError`] if it is none.
    pub(super) fn integer(&self, name: &str) -> Result<Option<i64>, ApiError> {
        let parse = |text: &str| {
            let invalid = |_| ApiError::param(name, "parameter_invalid_integer", format!("Invalid integer: {text}"));
            text.parse().map_err(invalid)
        };
        // An empty one is no number, and not the lack of one: "all that is left".
        self.sent(name).map(parse).transpose()
    }

    /// # Errors
    /// [`ApiError`] if it is neither `true` nor `false`.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, ApiError> {
        Ok(self.one_of(name, &["true", "false"])?.map(|text| text == "true"))
    }

    /// One of these words.
    ///
    /// # Errors
    /// [`ApiError`] for another one.
    pub(super) fn one_of<'a>(&self, name: &str, words: &[&'a str]) -> Result<Option<&'a str>, ApiError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let invalid = || format!("Invalid {name}: must be one of {}", words.join(", "));
        let found = words.iter().find(|word| **word == text).copied();
        found.map(Some).ok_or_else(|| ApiError::param(name, "parameter_invalid", invalid()))
    }

    /// The texts of `metadata[…]`, by what stands in the brackets.
    ///
    /// # Errors
    /// [`ApiError`] for a name or a text that is too long, or too many names.
    pub(super) fn metadata(&self) -> Result<Metadata, ApiError> {
        let mut metadata = Metadata::default();
        let of = self.0.iter().filter_map(|(key, text)| Some((key.strip_prefix("metadata")?, text)));
        for (key, text) in of {
            match key.strip_prefix('[').and_then(|key| key.strip_suffix(']')) {
                Some(name) => drop(metadata.texts.insert(name.to_owned(), text.as_str().into())),
                None => metadata.clears = true,
            }
        }
        let limits = [
            (metadata.texts.len() > Metadata::MOST, format!("at most {} keys", Metadata::MOST)),
            (
                metadata.texts.keys().any(|name| name.chars().count() > Metadata::NAME),
                format!("keys of at most {} characters", Metadata::NAME),
            ),
            (
                metadata
                    .texts
                    .values()
                    .any(|text| text.as_str().is_some_and(|text| text.chars().count() > Metadata::TEXT)),
                format!("values of at most {} characters", Metadata::TEXT),
            ),
        ];
        match limits.into_iter().find(|(is_exceeded, _)| *is_exceeded) {
            Some((_, limit)) => Err(ApiError::param("metadata", "parameter_invalid", format!("Metadata has {limit}."))),
            None => Ok(metadata),
        }
    }

    /// The texts of `name[0]`, `name[]`.
    pub(super) fn list(&self, name: &str) -> Vec<&str> {
        let within = |key: &str| key.strip_prefix(name).is_some_and(|rest| rest.starts_with('['));
        self.0.iter().filter(|(key, _)| within(key)).map(|(_, text)| text.as_str()).collect()
    }
}

/// Whether it is a name, `metadata[name]`, or `name[]` or `name[0]` of a list.
fn is_name(name: &str) -> bool {
    let Some((base, within)) = name.split_once('[') else {
        // A list or a map is not one text; metadata may be taken away by an empty one.
        return name == "metadata" || !NESTED.contains(&name);
    };
    let Some(within) = within.strip_suffix(']').filter(|within| !within.contains(['[', ']'])) else { return false };
    match base {
        "metadata" | "automatic_payment_methods" => !within.is_empty(),
        _ => NESTED.contains(&base) && within.bytes().all(|digit| digit.is_ascii_digit()),
    }
}

fn text_is_long(name: &str, text: &str) -> bool {
    let most = match name {
        "email" | "receipt_email" => EMAIL,
        _ if name == "metadata" => 0,
        _ => TEXT,
    };
    text.chars().count() > most
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let mut form = Self::default();
        form.add(request.uri().query().unwrap_or_default().as_bytes());
        let body = Bytes::from_request(request, state).await;
        form.add(&body.map_err(|_| ApiError::invalid("The body could not be read."))?);
        Ok(form)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> Form {
        let mut form = Form::default();
        form.add(text.as_bytes());
        form
    }

    #[test]
    fn nested_names_of_both_libraries_are_read() {
        let form = form("amount=500&metadata[order]=a+b&metadata%5Bfoo%5D=c%20d&expand[0]=customer&expand[]=charge&a=");
        assert_eq!(form.integer("amount").unwrap(), Some(500));
        let metadata = form.metadata().unwrap();
        assert_eq!(Value::from(metadata.texts), serde_json::json!({"order": "a b", "foo": "c d"}));
        assert!(!metadata.clears);
        assert_eq!(form.list("expand"), ["customer", "charge"]);
        assert_eq!((form.text("a"), form.sent("a")), (None, Some("")));
        assert!(form.only(&["amount", "metadata", "expand", "a"]).is_ok());
    }

    #[test]
    fn unfit_names_and_long_texts_are_refused() {
        let known = ["metadata", "expand", "email", "amount"];
        for text in
            ["metadata[a][b]=7", "metadata[]=7", "metadata[=7", "metadata=7", "expand=a", "expand[a]=b", "amount[]=1"]
        {
            assert!(form(text).only(&known).is_err(), "{text}");
        }
        assert!(form(&format!("email={}", "a".repeat(513))).only(&known).is_err());
        assert!(form(&format!("email={}", "a".repeat(512))).only(&known).is_ok());
        assert!(form("metadata=").only(&known).is_ok() && form("metadata=").metadata().unwrap().clears);
        assert!(form(&format!("metadata[{}]=1", "a".repeat(41))).metadata().is_err());
        assert!(form(&format!("metadata[a]={}", "a".repeat(501))).metadata().is_err());
        let many = (0..51).map(|at| format!("metadata[{at}]=1")).collect::<Vec<_>>().join("&");
        assert!(form(&many).metadata().is_err());
    }

    #[test]
    fn wrong_parameters_are_named() {
        let form = form("amount=5.0&confirm=yes&nonsense[a]=1");
        let message = |error: ApiError| (error.parameter().unwrap_or_default().to_owned(), error.to_string());
        assert_eq!(message(form.integer("amount").unwrap_err()), ("amount".into(), "Invalid integer: 5.0".into()));
        assert_eq!(message(form.flag("confirm").unwrap_err()).0, "confirm");
        assert_eq!(message(form.required("currency").unwrap_err()).1, "Missing required param: currency.");
        assert_eq!(message(form.only(&["amount", "confirm"]).unwrap_err()).0, "nonsense");
    }
}
