//! The rules about timers, whose syntax is reserved.

use syn::ext::IdentExt;

use super::resolve::Graph;
use crate::attr::{After, Syntax, Variant};
use crate::diagnostics::{Diagnostics, Report};

/// A timer that is well formed is still refused: this version records none.
pub(super) fn check(syntax: &Syntax, graph: &Graph<'_>, diagnostics: &mut Diagnostics) {
    for (at, variant) in syntax.variants.iter().enumerate() {
        for timer in &variant.timers {
            let well_formed = duration(timer, diagnostics) & edge(syntax, graph, at, variant, timer, diagnostics);
            if well_formed {
                diagnostics.push(
                    Report::draft("F210", &timer.duration, "this version does not run timers yet")
                        .found("a well-formed timer; its syntax is reserved")
                        .fix(format!("remove it, and send `{}` from a scheduler of yours", timer.command.unraw())),
                );
            }
        }
    }
}

fn duration(timer: &After, diagnostics: &mut Diagnostics) -> bool {
    let text = timer.duration.value();
    let well_formed = seconds(&text).is_some();
    if !well_formed {
        diagnostics.push(
            Report::draft("F208", &timer.duration, format!("`{text}` is not a duration"))
                .expected("a whole number above zero and a unit: seconds, minutes, hours or days")
                .fix("write it like `90s`, `30m`, `12h` or `7d`"),
        );
    }
    well_formed
}

fn edge(
    syntax: &Syntax,
    graph: &Graph<'_>,
    at: usize,
    variant: &Variant,
    timer: &After,
    diagnostics: &mut Diagnostics,
) -> bool {
    let Some(command) = graph.command_named(&timer.command, diagnostics) else { return false };
    let exact = syntax.commands.get(command).is_some_and(|known| known.ident == timer.command);
    let answered = graph.edges.iter().any(|edge| edge.from == at && edge.command == Some(command));
    if !answered {
        let (state, name) = (variant.ident.unraw(), timer.command.unraw());
        diagnostics.push(
            Report::draft("F111", &timer.command, format!("`{state}` does not answer `{name}`"))
                .found("a timer whose command could never run")
                .fix(format!("add `#[on({name} => …)]` to `{state}`")),
        );
    }
    exact && answered
}

fn seconds(text: &str) -> Option<u64> {
    let unit = text.chars().last()?;
    let factor = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    };
    let digits = text.strip_suffix(unit)?;
    let plain = digits.chars().all(|digit| digit.is_ascii_digit());
    digits.parse::<u64>().ok().filter(|count| plain && *count > 0)?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn duration_text_is_parsed_or_refused() {
        assert_eq!(seconds("90s"), Some(90));
        assert_eq!(seconds("30m"), Some(1_800));
        assert_eq!(seconds("7d"), Some(604_800));
        for bad in ["", "m", "30", "0s", "-1s", "+1s", "1.5h", "30 m", "30min", "99999999999999999999d", "é"] {
            assert_eq!(seconds(bad), None, "{bad:?}");
        }
    }
}
