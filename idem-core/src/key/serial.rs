//! Keys in serde's formats.

use serde::de::{self, Deserialize, Deserializer};
use serde::ser::{Serialize, SerializeStruct as _, Serializer};

use super::Key;

/// As serde reads them.
#[derive(serde::Deserialize)]
#[serde(rename = "Key", deny_unknown_fields)]
struct Texts {
    scope: String,
    key: String,
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut texts = serializer.serialize_struct("Key", 2)?;
        texts.serialize_field("scope", self.scope())?;
        texts.serialize_field("key", self.as_str())?;
        texts.end()
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Texts { scope, key } = Texts::deserialize(deserializer)?;
        Self::new(scope, key).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_json_is_scope_and_key() {
        let key = Key::new("customer-7", "req \"1\"").expect("a fit key");
        let json = serde_json::to_string(&key).expect("writes");
        assert_eq!(json, r#"{"scope":"customer-7","key":"req \"1\""}"#);
        assert_eq!(serde_json::from_str::<Key>(&json).expect("reads"), key);
    }

    #[test]
    fn key_json_with_unfit_text_is_refused() {
        for json in [
            r#"{"scope":"","key":"k"}"#,
            r#"{"scope":"s","key":"a\u0000b"}"#,
            r#"{"scope":"s"}"#,
            r#"{"scope":"s","key":"k","more":1}"#,
            r#""s/k""#,
        ] {
            assert!(serde_json::from_str::<Key>(json).is_err(), "{json}");
        }
    }
}
