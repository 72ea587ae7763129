//! `#[command(Pay { amount: i64 } -> Receipt, per_visit)]`

use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Ident, LitStr, Token, Type};

use super::place::{self, Place};
use super::variant::{idents, unreadable};
use crate::diagnostics::{Diagnostics, Report, one_of};
use crate::recover::suggest;

const OPTIONS: [&str; 5] = ["per_visit", "remember_rejections", "internal", "name", "was"];

pub(crate) struct Command {
    /// What the graph calls it.
    pub(crate) ident: Ident,
    /// What its struct is called, if otherwise: `Open as OpenIt`.
    pub(crate) alias: Option<Ident>,
    /// Doc comments and derives in front of the name.
    pub(crate) attrs: Vec<Attribute>,
    /// `None` without braces.
    pub(crate) fields: Option<Vec<Field>>,
    pub(crate) outcome: Option<Type>,
    pub(crate) per_visit: Option<Ident>,
    /// Its key remembers a rejection.
    pub(crate) remember_rejections: Option<Ident>,
    /// It does not come from outside.
    pub(crate) internal: Option<Ident>,
    pub(crate) name: Option<LitStr>,
    pub(crate) was: Vec<LitStr>,
    unknown: Vec<(Ident, bool)>,
}

/// One member of a payload.
#[derive(Clone)]
pub(crate) struct Field {
    pub(crate) ident: Ident,
    pub(crate) ty: Type,
    /// Everything but `#[fact]`.
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) fact: Option<Attribute>,
}

impl Command {
    pub(crate) fn parse(attr: &Attribute, diagnostics: &mut Diagnostics) -> Option<Self> {
        let command = match attr.parse_args::<Self>() {
            Ok(command) => command,
            Err(error) => {
                let form = "#[command(Pay { amount: i64 } -> Receipt)]";
                diagnostics.push(unreadable(attr, &error, form));
                return Self::named(&first_ident(attr)?);
            }
        };
        command.check(diagnostics);
        Some(command)
    }

    /// What is left of a command that cannot be read: its name, so that its edges are not errors too.
    fn named(name: &Ident) -> Option<Self> {
        syn::parse2(name.to_token_stream()).ok()
    }

    fn check(&self, diagnostics: &mut Diagnostics) {
        for (option, twice) in &self.unknown {
            let name = option.to_string();
            let meant = suggest(&name, OPTIONS).map_or(String::new(), |known| format!("; did you mean `{known}`?"));
            diagnostics.push(if *twice {
                Report::draft("F202", option, format!("`{name}` is given twice")).fix("keep one of them")
            } else {
                Report::draft("F206", option, format!("`{name}` is not an option of a command"))
                    .found(format!("`{name}`{meant}"))
                    .expected(one_of(OPTIONS))
                    .fix("write one of these, or remove it")
            });
        }
        for attr in &self.attrs {
            if !attr.path().is_ident("doc") && !attr.path().is_ident("derive") {
                diagnostics.push(
                    Report::draft("F203", attr, "this attribute is out of place on a command")
                        .expected("doc comments and `#[derive(…)]`")
                        .fix("remove it; serde attributes go on the fields"),
                );
            }
        }
        for field in self.fields.iter().flatten() {
            field.attrs.iter().for_each(|attr| place::check(attr, Place::CommandField, diagnostics));
            if field.attrs.iter().any(|attr| attr.path().is_ident("cfg")) {
                diagnostics.push(
                    Report::draft("F203", &field.ident, "`#[cfg]` cannot stand on a field of a command")
                        .fix("write the command twice, each in a `#[cfg_attr(…, command(…))]`"),
                );
            }
        }
    }

    fn read_option(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        let option = input.call(Ident::parse_any)?;
        match option.to_string().as_str() {
            "per_visit" if self.per_visit.is_none() => self.per_visit = Some(option),
            "remember_rejections" if self.remember_rejections.is_none() => self.remember_rejections = Some(option),
            "internal" if self.internal.is_none() => self.internal = Some(option),
            "name" if self.name.is_none() => {
                input.parse::<Token![=]>()?;
                self.name = Some(input.parse()?);
            }
            "was" => {
                input.parse::<Token![=]>()?;
                self.was.push(input.parse()?);
            }
            other => {
                self.unknown.push((option, OPTIONS.contains(&other)));
                if input.parse::<Option<Token![=]>>()?.is_some() {
                    input.parse::<syn::Expr>()?;
                }
            }
        }
        Ok(())
    }
}

/// The first name in an attribute's arguments, after attributes of its own.
fn first_ident(attr: &Attribute) -> Option<Ident> {
    idents(attr).into_iter().next()
}

impl Parse for Command {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let ident = input.parse()?;
        let alias = if input.parse::<Option<Token![as]>>()?.is_some() { Some(input.parse()?) } else { None };
        if input.peek(syn::token::Paren) {
            return Err(input.error("a payload in parentheses; its members need names: `{ amount: i64 }`"));
        }
        if input.peek(Token![<]) {
            return Err(input.error("generics; a command is one type"));
        }
        let fields = if input.peek(syn::token::Brace) {
            let content;
            syn::braced!(content in input);
            let fields = Punctuated::<Field, Token![,]>::parse_terminated(&content)?;
            Some(fields.into_iter().collect())
        } else {
            None
        };
        let outcome = if input.parse::<Option<Token![->]>>()?.is_some() { Some(input.parse()?) } else { None };
        let mut command = Self {
            ident,
            alias,
            attrs,
            fields,
            outcome,
            per_visit: None,
            remember_rejections: None,
            internal: None,
            name: None,
            was: Vec::new(),
            unknown: Vec::new(),
        };
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            if !input.is_empty() {
                command.read_option(input)?;
            }
        }
        Ok(command)
    }
}

impl Parse for Field {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut attrs = input.call(Attribute::parse_outer)?;
        let fact = attrs.iter().position(|attr| attr.path().is_ident("fact")).map(|at| attrs.remove(at));
        input.parse::<syn::Visibility>()?;
        let ident = input.parse()?;
        input.parse::<Token![:]>()?;
        Ok(Self { ident, ty: input.parse()?, attrs, fact })
    }
}
