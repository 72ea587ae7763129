//! The rules about names on the wire.

use syn::ext::IdentExt;
use syn::{Ident, LitStr};

use crate::attr::{Command, Syntax, Variant, names_in};
use crate::diagnostics::{Diagnostics, Draft, Report, list};
use crate::model::Wire;

pub(super) fn check(syntax: &Syntax, diagnostics: &mut Diagnostics) {
    serde_on_the_enum(syntax, diagnostics);
    serde_on_variants(syntax, diagnostics);
    let states = syntax.variants.iter().map(|it| Entry { ident: &it.ident, name: it.name.as_ref(), was: &it.was });
    clashes("state", &states.collect::<Vec<_>>(), diagnostics);
    let commands = syntax.commands.iter().map(|it| Entry { ident: &it.ident, name: it.name.as_ref(), was: &it.was });
    clashes("command", &commands.collect::<Vec<_>>(), diagnostics);
}

fn serde_on_the_enum(syntax: &Syntax, diagnostics: &mut Diagnostics) {
    const OURS: [&str; 7] = ["tag", "content", "untagged", "rename_all", "from", "try_from", "into"];
    for foreign in syntax.serde.iter().filter(|foreign| OURS.iter().any(|name| foreign.name == name)) {
        diagnostics.push(serde_is_ours(&foreign.name, "the enum"));
    }
}

fn serde_on_variants(syntax: &Syntax, diagnostics: &mut Diagnostics) {
    const OURS: [&str; 7] = ["rename", "alias", "skip", "skip_serializing", "skip_deserializing", "other", "untagged"];
    for foreign in syntax.variants.iter().flat_map(|variant| &variant.serde) {
        if OURS.iter().any(|name| foreign.name == name) {
            diagnostics.push(serde_is_ours(&foreign.name, "a variant"));
        }
    }
}

fn serde_is_ours(at: &Ident, place: &str) -> Report {
    Report::draft("F301", at, format!("serde's `{at}` on {place} would change how states are stored"))
        .expected("names on the wire by `#[name = \"…\"]` and `#[was(\"…\")]`; fields are serde's")
        .fix(format!("remove `{at}`"))
}

/// States are stored by the enum's own serde, with the names that the attribute gives it: so the derive must be one that
/// the attribute sees. Answers whether it is there.
pub(super) fn enum_without_serde(syntax: &Syntax, diagnostics: &mut Diagnostics) -> bool {
    let missing: Vec<&str> = ["Serialize", "Deserialize"]
        .into_iter()
        .filter(|name| !syntax.serde_derives.iter().any(|it| it == name))
        .collect();
    if !missing.is_empty() {
        let name = syntax.ident.unraw();
        diagnostics.push(
            Report::draft(
                "F304",
                &syntax.ident,
                format!("`{name}` is stored by serde and does not derive {}", list(&missing)),
            )
            .expected("`#[derive(Serialize, Deserialize)]` below `#[idempotent_fsm]`")
            .fix("add the derive, or move it below the attribute, which gives it the names on the wire"),
        );
    }
    missing.is_empty()
}

/// A state or command with its names.
struct Entry<'a> {
    ident: &'a Ident,
    name: Option<&'a LitStr>,
    was: &'a [LitStr],
}

impl Entry<'_> {
    fn live(&self) -> String {
        self.name.map_or_else(|| self.ident.unraw().to_string(), LitStr::value)
    }

    fn report(&self, code: &'static str, summary: String) -> Draft {
        match self.name {
            Some(name) => Report::draft(code, name, summary),
            None => Report::draft(code, self.ident, summary),
        }
    }
}

fn clashes(what: &str, entries: &[Entry<'_>], diagnostics: &mut Diagnostics) {
    for entry in entries {
        entry.name.iter().copied().chain(entry.was).for_each(|name| text(name, diagnostics));
    }
    live_names(what, entries, diagnostics);
    earlier_names(what, entries, diagnostics);
}

fn live_names(what: &str, entries: &[Entry<'_>], diagnostics: &mut Diagnostics) {
    for (at, entry) in entries.iter().enumerate() {
        let name = entry.live();
        if let Some(first) = entries.iter().take(at).find(|first| first.live() == name && first.ident != entry.ident) {
            let report = entry
                .report("F303", format!("two {what}s are called `{name}` on the wire"))
                .fix(format!("give one of them another name; `#[was(\"{name}\")]` keeps reading this one"));
            diagnostics.push(report.also(first.ident, format!("`{name}` is the name of this {what}")));
        }
    }
}

fn earlier_names(what: &str, entries: &[Entry<'_>], diagnostics: &mut Diagnostics) {
    let mut seen: Vec<(String, &LitStr)> = Vec::new();
    for was in entries.iter().flat_map(|entry| entry.was) {
        let name = was.value();
        if let Some(live) = entries.iter().find(|entry| entry.live() == name) {
            diagnostics.push(
                Report::draft("F302", was, format!("`{name}` is the name of a {what} today"))
                    .found("a stored name that would mean two things")
                    .fix("remove it, or give the other another name on the wire")
                    .also(live.ident, format!("`{name}` is the name of this {what}")),
            );
        } else if let Some((_, first)) = seen.iter().find(|(earlier, _)| *earlier == name) {
            diagnostics.push(
                Report::draft("F302", was, format!("`{name}` is given as an earlier name twice"))
                    .fix("keep one of them")
                    .also(first, "the first one is here"),
            );
        }
        seen.push((name, was));
    }
}

/// The limits that the database and the logs set.
fn text(name: &LitStr, diagnostics: &mut Diagnostics) {
    let value = name.value();
    if value.is_empty() || value.len() > 255 || value.chars().any(char::is_control) {
        diagnostics.push(
            Report::draft("F303", name, "this cannot be a name on the wire")
                .found(format!("{} bytes", value.len()))
                .expected("1 to 255 bytes without control characters")
                .fix("choose another name"),
        );
    }
    if value.starts_with('@') {
        diagnostics.push(
            Report::draft("F303", name, format!("`{value}` cannot be a name on the wire"))
                .found("a name that begins with `@`")
                .expected("a name of yours: those that begin with `@` are idem's own")
                .fix("choose another name"),
        );
    }
}

/// The name that machines are stored under.
pub(super) fn machine_name(syntax: &Syntax, diagnostics: &mut Diagnostics) -> String {
    match &syntax.args.name {
        Some(name) => {
            text(name, diagnostics);
            name.value()
        }
        None => syntax.ident.unraw().to_string(),
    }
}

pub(super) fn of_state(variant: &Variant) -> Wire {
    wire(&variant.ident, variant.name.as_ref(), &variant.was)
}

pub(super) fn of_command(command: &Command) -> Wire {
    wire(&command.ident, command.name.as_ref(), &command.was)
}

fn wire(ident: &Ident, name: Option<&LitStr>, was: &[LitStr]) -> Wire {
    Wire {
        name: name.map_or_else(|| ident.unraw().to_string(), LitStr::value),
        was: was.iter().map(LitStr::value).collect(),
    }
}

/// The wire names of a command's facts.
pub(super) fn facts(command: &Command, diagnostics: &mut Diagnostics) -> Vec<String> {
    let mut facts = Vec::new();
    for field in command.fields.iter().flatten().filter(|field| field.fact.is_some()) {
        let (rename, flatten) = names_in(&field.attrs);
        if let Some(flatten) = flatten {
            diagnostics.push(
                Report::draft("F306", &flatten, format!("the fact `{}` is flattened", field.ident.unraw()))
                    .expected("a fact that is one member of the payload, so that it can be left out of the fingerprint")
                    .fix("remove `flatten`, or `#[fact]`"),
            );
        }
        facts.push(rename.map_or_else(|| field.ident.unraw().to_string(), |name| name.value()));
    }
    if !facts.is_empty() && command.internal.is_none() {
        flattened_beside(command, diagnostics);
    }
    facts
}

/// What is flattened takes members of any name from outside, those of facts among them.
fn flattened_beside(command: &Command, diagnostics: &mut Diagnostics) {
    for field in command.fields.iter().flatten().filter(|field| field.fact.is_none()) {
        if let (_, Some(flatten)) = names_in(&field.attrs) {
            diagnostics.push(
                Report::draft("F306", &flatten, format!("`{}` is flattened beside a fact", field.ident.unraw()))
                    .expected("members by their names, so that a client cannot send a fact")
                    .fix("remove `flatten`, or `#[fact]`, or write `internal` if no client sends the command"),
            );
        }
    }
}
