//! The arguments of `#[idempotent_fsm(…)]`.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::meta::ParseNestedMeta;
use syn::{Attribute, Ident, LitStr, Path};

use crate::diagnostics::{Diagnostics, Report, one_of};
use crate::recover::suggest;

const KNOWN: [&str; 5] = ["name", "module", "crate", "endless", "project"];

#[derive(Default)]
pub(crate) struct Args {
    /// The name machines are stored under.
    pub(crate) name: Option<LitStr>,
    pub(crate) module: Option<Ident>,
    /// Where `idem-core` is.
    pub(crate) krate: Option<Path>,
    pub(crate) endless: Option<Ident>,
    seen: Vec<Ident>,
}

impl Args {
    pub(crate) fn parse(attr: &Attribute, diagnostics: &mut Diagnostics) -> Self {
        let mut args = Self::default();
        let read = attr.parse_nested_meta(|meta| args.read(&meta, diagnostics));
        if let Err(error) = read {
            diagnostics.push(
                Report::draft_at("F201", error.span(), "the arguments of `#[idempotent_fsm]` cannot be read")
                    .parser(&error)
                    .fix("write them like `name = \"…\", module = …, crate = ::…, endless, project(…)`"),
            );
        }
        args
    }

    fn read(&mut self, meta: &ParseNestedMeta<'_>, diagnostics: &mut Diagnostics) -> syn::Result<()> {
        let Some(argument) = meta.path.get_ident().cloned() else { return Err(meta.error("a path")) };
        if let Some(first) = self.seen.iter().find(|first| **first == argument) {
            diagnostics.push(
                Report::draft("F202", &argument, format!("`{argument}` is given twice"))
                    .fix("keep one of them")
                    .also(first, "the first one is here"),
            );
        }
        self.seen.push(argument.clone());
        match argument.to_string().as_str() {
            "name" => self.name = Some(meta.value()?.parse()?),
            "module" => self.module = Some(meta.value()?.parse()?),
            "crate" => self.krate = absolute(meta.value()?.parse()?, diagnostics),
            "endless" => self.endless = Some(argument),
            "project" => project(&argument, meta, diagnostics)?,
            other => {
                skip(meta)?;
                let meant = suggest(other, KNOWN).map_or(String::new(), |name| format!("; did you mean `{name}`?"));
                diagnostics.push(
                    Report::draft("F206", &argument, format!("`{other}` is not an argument of `#[idempotent_fsm]`"))
                        .found(format!("`{other}`{meant}"))
                        .expected(one_of(KNOWN))
                        .fix("write one of these, or remove it"),
                );
            }
        }
        Ok(())
    }
}

/// Generated code stands in a module of its own, so a path must mean the same from anywhere.
fn absolute(path: Path, diagnostics: &mut Diagnostics) -> Option<Path> {
    if is_absolute(&path) {
        return Some(path);
    }
    let written = path.to_token_stream().to_string().replace(' ', "");
    diagnostics.push(
        Report::draft("F207", &path, format!("`{written}` is not an absolute path"))
            .expected("a path that means the same in every module")
            .fix(format!("`crate = ::{written}` for a dependency, `crate = crate::…` for a module of this crate")),
    );
    None
}

pub(crate) fn is_absolute(path: &Path) -> bool {
    path.leading_colon.is_some() || path.segments.first().is_some_and(|first| first.ident == "crate")
}

/// Projections are checked for their shape and wait for a later version.
fn project(argument: &Ident, meta: &ParseNestedMeta<'_>, diagnostics: &mut Diagnostics) -> syn::Result<()> {
    const PARTS: [&str; 3] = ["table", "id", "state"];
    if !meta.input.peek(syn::token::Paren) {
        diagnostics.push(bad_projection(argument, "no parts"));
        return skip(meta);
    }
    let mut parts: Vec<(Ident, LitStr)> = Vec::new();
    let mut bad = None;
    meta.parse_nested_meta(|part| {
        let Some(name) = part.path.get_ident().cloned() else { return Err(part.error("a path")) };
        let value: LitStr = part.value()?.parse()?;
        if !PARTS.iter().any(|known| name == known) {
            bad.get_or_insert(bad_projection(&name, format!("`{name}`")));
        } else if parts.iter().any(|(earlier, _)| *earlier == name) {
            bad.get_or_insert(bad_projection(&name, format!("`{name}` twice")));
        } else if !is_identifier(&value.value()) {
            bad.get_or_insert(bad_projection(&value, format!("`{}`, not a name of a table or column", value.value())));
        }
        parts.push((name, value));
        Ok(())
    })?;
    let missing = PARTS.iter().find(|known| !parts.iter().any(|(name, _)| name == *known));
    let report = match (bad, missing) {
        (Some(report), _) => report,
        (None, Some(missing)) => bad_projection(argument, format!("no `{missing}`")),
        (None, None) => Report::draft("F210", argument, "this version does not run projections yet")
            .found("a well-formed projection; its syntax is reserved")
            .fix("remove it, and write the row in the transaction that runs the command (`within`)"),
    };
    diagnostics.push(report);
    Ok(())
}

fn bad_projection(at: &impl ToTokens, found: impl AsRef<str>) -> Report {
    Report::draft("F209", at, "this projection cannot be written")
        .found(found)
        .expected("the names of a table and two of its columns: letters, digits, `_`, and `.` once")
        .fix("write it like `project(table = \"orders\", id = \"id\", state = \"status\")`")
}

/// A table or column name, perhaps with its schema: it is quoted, but a name that needs quoting is most likely a slip.
fn is_identifier(name: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && !part.starts_with(|first: char| first.is_ascii_digit())
            && part.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    };
    name.split('.').count() <= 2 && name.split('.').all(part)
}

/// Skips the value of an argument that is not known.
fn skip(meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
    meta.input.step(|cursor| {
        let mut rest = *cursor;
        while let Some((tree, next)) = rest.token_tree() {
            if matches!(&tree, TokenTree::Punct(punct) if punct.as_char() == ',') {
                break;
            }
            rest = next;
        }
        Ok((TokenStream::new(), rest))
    })?;
    Ok(())
}
