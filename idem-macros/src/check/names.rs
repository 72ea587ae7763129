//! The rules about names, and the names that generated items get.
//!
//! Where two things would have one name, the later one gets another, so that a clash is one error and not one for
//! every use of the name.

use std::collections::HashMap;

use proc_macro2::Span;
use syn::Ident;
use syn::ext::IdentExt;

use crate::attr::Syntax;
use crate::diagnostics::{Diagnostics, Report};

/// What else stands in the generated module.
pub(crate) const ITEMS: [&str; 20] = [
    "StateKind",
    "CommandKind",
    "Command",
    "Reply",
    "Transitions",
    "Driver",
    "Probe",
    "Unstored",
    "Repository",
    "Handle",
    "InTx",
    "InMemory",
    "Facts",
    "facts",
    "wire",
    "guard",
    "allowed",
    "why_not",
    "mermaid",
    "dot",
];

/// What the handles can do besides the commands, and what every value can that is given away.
#[rustfmt::skip]
pub(crate) const METHODS: [&str; 35] = [
    "adopt", "apply", "apply_all", "apply_delta", "archive", "at", "balance", "bound", "clone", "count_by_state", "deref",
    "deref_mut", "due", "entered_at", "fmt", "get", "held", "history", "id", "in_state", "into", "messages",
    "open_hold", "override_state", "rebuild", "redact", "row_name", "set_now", "start", "start_and", "state", "try_into", "verify",
    "version", "within",
];

/// Types that generated code names without a path.
#[rustfmt::skip]
const PRIMITIVES: [&str; 19] = [
    "bool", "char", "f16", "f32", "f64", "f128", "i8", "i16", "i32", "i64", "i128", "isize", "str", "u8", "u16", "u32",
    "u64", "u128", "usize",
];

/// Two commands of one name: the first one counts.
pub(super) fn repeated_commands(syntax: &mut Syntax, diagnostics: &mut Diagnostics) {
    let mut seen: HashMap<String, Ident> = HashMap::new();
    syntax.commands.retain(|command| {
        let name = command.ident.unraw().to_string();
        let Some(first) = seen.get(&name) else {
            seen.insert(name, command.ident.clone());
            return true;
        };
        diagnostics.push(
            Report::draft("F006", &command.ident, format!("the command `{name}` is declared twice"))
                .fix("keep one, or give one of them another name")
                .also(first, format!("`{name}` is declared here first")),
        );
        false
    });
}

/// Two variants of one name are rustc's to report; the first one counts.
pub(super) fn repeated_variants(syntax: &mut Syntax) {
    let mut seen: Vec<String> = Vec::new();
    syntax.variants.retain(|variant| {
        let name = variant.ident.to_string();
        let first = !seen.contains(&name);
        seen.push(name);
        first
    });
}

/// The names in the generated module, with what has them.
pub(super) struct Taken {
    items: HashMap<String, Owner>,
    methods: HashMap<String, Owner>,
    /// The methods of the rules that are for one source of a command: the command and the state.
    rules: HashMap<String, (Ident, Ident)>,
}

#[derive(Clone)]
enum Owner {
    /// The macro's own.
    Generated,
    State(Ident),
    Command(Ident),
}

impl Taken {
    pub(super) fn new() -> Self {
        let owned = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), Owner::Generated)).collect();
        Self { items: owned(&ITEMS), methods: owned(&METHODS), rules: HashMap::new() }
    }

    /// Takes the name of a generated enum of sources or targets; states and commands come after and clash with it.
    pub(super) fn generated(&mut self, name: &str, span: Span) -> Ident {
        if self.items.contains_key(name) {
            return self.other(name, "_", span);
        }
        self.items.insert(name.to_owned(), Owner::Generated);
        Ident::new(name, span)
    }

    pub(super) fn state(&mut self, ident: &Ident, diagnostics: &mut Diagnostics) -> Ident {
        let name = ident.unraw().to_string();
        let generated = self.items.contains_key(&name).then(|| generated(&name));
        if let Some(problem) = unusable(&name).or(generated) {
            diagnostics.push(
                Report::draft("F004", ident, problem)
                    .fix(format!("rename the variant; `#[name = \"{name}\"]` keeps its name on the wire")),
            );
            return self.other(name.trim_start_matches('_'), "State", ident.span());
        }
        self.items.insert(name, Owner::State(ident.clone()));
        ident.clone()
    }

    /// The name of a command's struct: `alias` if the command has one.
    pub(super) fn command(&mut self, ident: &Ident, alias: Option<&Ident>, diagnostics: &mut Diagnostics) -> Ident {
        let wanted = alias.unwrap_or(ident);
        let name = wanted.unraw().to_string();
        let graph = ident.unraw();
        if let Some(problem) = unusable(&name) {
            // Without an alias it is the command's own name: a finding of `method`.
            if alias.is_some() {
                let fix = format!("call its struct otherwise: `#[command({graph} as {graph}Command …)]`");
                diagnostics.push(Report::draft("F004", wanted, problem).fix(fix));
            }
            return self.other(name.trim_start_matches('_'), "Command", wanted.span());
        }
        let fix = format!("call its struct otherwise: `#[command({graph} as {name}Command …)]`");
        let report = match self.items.get(&name) {
            None => {
                self.items.insert(name, Owner::Command(wanted.clone()));
                return wanted.clone();
            }
            Some(Owner::State(state)) => Report::draft("F003", wanted, format!("`{name}` is a state and a command"))
                .fix(fix)
                .also(state, format!("the state `{name}` is here")),
            Some(Owner::Command(first)) => {
                Report::draft("F004", wanted, format!("two commands have the struct `{name}`"))
                    .fix(fix)
                    .also(first, "the first one is here")
            }
            Some(Owner::Generated) => Report::draft("F004", wanted, generated(&name)).fix(fix),
        };
        diagnostics.push(report);
        self.other(&name, "Command", wanted.span())
    }

    /// The name of a command's method, which the rules have too unless they have one for each source.
    pub(super) fn method(
        &mut self,
        command: &Ident,
        name: &str,
        per_source: bool,
        diagnostics: &mut Diagnostics,
    ) -> Ident {
        let graph = command.unraw();
        let unusable = unusable(&graph.to_string());
        let rule = self.rules.get(name).filter(|_| !per_source);
        let problem = match self.methods.get(name) {
            _ if is_reserved_word(name) => Some((format!("`{name}` cannot be the name of a method"), None)),
            _ if unusable.is_some() => unusable.map(|problem| (problem, None)),
            None if rule.is_some() => rule.map(|(first, state)| {
                let (other, state) = (first.unraw(), state.unraw());
                (format!("`{graph}` and `{other}` in `{state}` have one method, `{name}`"), Some(first.clone()))
            }),
            None => None,
            Some(Owner::Command(first)) => {
                Some((format!("`{graph}` and `{}` have one method, `{name}`", first.unraw()), Some(first.clone())))
            }
            Some(_) => Some((format!("the handles have a method `{name}` of their own"), None)),
        };
        let Some((problem, also)) = problem else {
            self.methods.insert(name.to_owned(), Owner::Command(command.clone()));
            return raw_if_keyword(name, command.span());
        };
        let report = Report::draft("F004", command, problem)
            .found(format!("the command `{graph}`, whose method is `{name}`"))
            .fix(format!("give the command another name; `name = \"{graph}\"` keeps its name on the wire"));
        diagnostics.push(match &also {
            Some(first) => report.also(first, format!("the command `{}` is here", first.unraw())),
            None => report,
        });
        Ident::new(&format!("{name}_command"), command.span())
    }

    /// The name of the rules' method for a command in one of its sources.
    pub(super) fn rule(&mut self, command: &Ident, state: &Ident, name: &str, diagnostics: &mut Diagnostics) -> Ident {
        let Some((first, source)) = self.rules.get(name) else {
            self.rules.insert(name.to_owned(), (command.clone(), state.clone()));
            return Ident::new(name, command.span());
        };
        let (graph, other) = (command.unraw(), first.unraw());
        let (here, there) = (state.unraw(), source.unraw());
        diagnostics.push(if command == first {
            Report::draft("F004", state, format!("`{graph}` has one method in `{there}` and in `{here}`, `{name}`"))
                .fix(format!("rename the variant; `#[name = \"{here}\"]` keeps its name on the wire"))
                .also(source, format!("the state `{there}` is here"))
        } else {
            let problem = format!("`{graph}` in `{here}` and `{other}` in `{there}` have one method, `{name}`");
            Report::draft("F004", command, problem)
                .fix(format!("give the command another name; `name = \"{graph}\"` keeps its name on the wire"))
                .also(first, format!("the command `{other}` is here"))
        });
        let mut name = format!("{name}_");
        while self.rules.contains_key(&name) {
            name.push('_');
        }
        self.rules.insert(name.clone(), (command.clone(), state.clone()));
        Ident::new(&name, command.span())
    }

    /// A name like `name` that is free.
    fn other(&mut self, name: &str, suffix: &str, span: Span) -> Ident {
        let mut other = format!("{name}{suffix}");
        while self.items.contains_key(&other) {
            other.push('_');
        }
        self.items.insert(other.clone(), Owner::Generated);
        Ident::new(&other, span)
    }
}

fn generated(name: &str) -> String {
    format!("`{name}` is the name of something that is generated")
}

/// Why no state and no command can have this name, nor a command's struct.
fn unusable(name: &str) -> Option<String> {
    if name == "ALL" {
        return Some("`ALL` is the list of all names in `StateKind` and `CommandKind`".to_owned());
    }
    if name.starts_with("__") {
        return Some(format!("`{name}` begins with `__`, as names in generated code do"));
    }
    PRIMITIVES.contains(&name).then(|| format!("`{name}` is a primitive type, which generated code names"))
}

/// The name of the generated module.
pub(super) fn module(syntax: &Syntax, diagnostics: &mut Diagnostics) -> Ident {
    if let Some(module) = &syntax.args.module {
        if *module == syntax.ident {
            diagnostics.push(module_clash(module, syntax));
            return Ident::new("__machine", module.span());
        }
        return module.clone();
    }
    let name = snake(&syntax.ident.unraw().to_string());
    if syntax.ident.unraw() == name || is_reserved_word(&name) {
        diagnostics.push(module_clash(&syntax.ident, syntax));
        return Ident::new("__machine", syntax.ident.span());
    }
    raw_if_keyword(&name, syntax.ident.span())
}

fn module_clash(at: &Ident, syntax: &Syntax) -> Report {
    let module = if syntax.args.module.is_some() { at.unraw().to_string() } else { snake(&at.unraw().to_string()) };
    let found = if syntax.ident.unraw() == module { "the name of the enum itself" } else { "a reserved word" };
    Report::draft("F005", at, format!("the generated module cannot be called `{module}`"))
        .found(found)
        .fix("choose another: `#[idempotent_fsm(module = …)]`")
}

/// `PayNow` to `pay_now`, `HTTPError` to `http_error`.
pub(crate) fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut snake = String::new();
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| letters.get(at));
        let after = letters.get(at + 1);
        let starts_word = letter.is_uppercase()
            && before.is_some_and(|before| {
                *before != '_' && (!before.is_uppercase() || after.is_some_and(|after| after.is_lowercase()))
            });
        if starts_word {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

/// Words that not even `r#` makes a name of.
fn is_reserved_word(name: &str) -> bool {
    matches!(name, "self" | "super" | "crate" | "_")
}

/// The identifier of `name`; the caller has kept out the words that cannot be raw.
pub(super) fn raw_if_keyword(name: &str, span: Span) -> Ident {
    match syn::parse_str::<Ident>(name) {
        // A word of the edition of 2024, which `syn` takes for a name.
        Ok(_) if name == "gen" => Ident::new_raw(name, span),
        Err(_) if !is_reserved_word(name) => Ident::new_raw(name, span),
        Err(_) => Ident::new("reserved_word", span),
        Ok(_) => Ident::new(name, span),
    }
}

#[cfg(test)]
mod tests {
    use super::snake;

    #[test]
    fn camel_case_name_becomes_snake_case() {
        let names = [
            ("Order", "order"),
            ("PayNow", "pay_now"),
            ("HTTPError", "http_error"),
            ("Step2Done", "step2_done"),
            ("V2", "v2"),
            ("Pay_It", "pay_it"),
            ("already", "already"),
        ];
        for (camel, expected) in names {
            assert_eq!(snake(camel), expected);
        }
    }
}
