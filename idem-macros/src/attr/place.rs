//! The vocabulary: which attribute belongs where.

use syn::Attribute;

use crate::diagnostics::{Diagnostics, Report};

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Place {
    Enum,
    Variant,
    Field,
    CommandField,
}

const VOCABULARY: [(&str, Place); 8] = [
    ("command", Place::Enum),
    ("initial", Place::Variant),
    ("terminal", Place::Variant),
    ("on", Place::Variant),
    ("was", Place::Variant),
    ("name", Place::Variant),
    ("after", Place::Variant),
    ("fact", Place::CommandField),
];

/// Reports one of our attributes that stands at `place` and belongs elsewhere.
pub(crate) fn check(attr: &Attribute, place: Place, diagnostics: &mut Diagnostics) {
    let Some((name, home)) = VOCABULARY.iter().find(|(name, _)| attr.path().is_ident(name)) else { return };
    if *home == place {
        return;
    }
    diagnostics.push(
        Report::draft("F203", attr.path(), format!("`#[{name}]` is out of place on {}", place.described()))
            .expected(format!("`#[{name}]` on {}", home.described()))
            .fix("move it there, or remove it"),
    );
}

impl Place {
    fn described(self) -> &'static str {
        match self {
            Self::Enum => "the enum",
            Self::Variant => "a variant",
            Self::Field => "a variant's field",
            Self::CommandField => "a field of a command",
        }
    }
}
