//! Recovery: what a misspelt name most likely means, so that one typo is one error.

/// The name among `known` that `written` most likely means.
///
/// A third of its letters may differ: `Shippd` is `Shipped`, `Cancel` is not `Paid`, `S1` is not `S2`.
pub(crate) fn suggest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let letters: Vec<char> = fold(written);
    let allowed = letters.len() / 3;
    known
        .into_iter()
        .map(|name| (distance(&letters, &fold(name)), name))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// Case and underscores are the likeliest slips of all: they cost nothing.
fn fold(name: &str) -> Vec<char> {
    name.chars().filter(|letter| *letter != '_').flat_map(char::to_lowercase).collect()
}

/// The Damerau-Levenshtein distance (optimal string alignment): insertions, deletions, substitutions and swaps of
/// neighbours that turn one text into the other.
fn distance(one: &[char], other: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=other.len()).collect();
    for (row, letter) in one.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, candidate) in other.iter().enumerate() {
            let substituted = above[column] + usize::from(letter != candidate);
            let mut best = substituted.min(above[column + 1] + 1).min(current[column] + 1);
            let swapped = row > 0 && column > 0 && one[row - 1] == *candidate && *letter == other[column - 1];
            if swapped {
                best = best.min(before[column - 1] + 1);
            }
            current.push(best);
        }
        before = std::mem::replace(&mut above, current);
    }
    above.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::suggest;

    const STATES: [&str; 4] = ["Pending", "Paid", "Shipped", "Cancelled"];

    #[test]
    fn misspelt_name_gets_suggestion() {
        let typos = [
            ("Shippd", "Shipped"),
            ("Shpiped", "Shipped"),
            ("paid", "Paid"),
            ("Piad", "Paid"),
            ("Canceled", "Cancelled"),
            ("pend_ing", "Pending"),
        ];
        for (typo, meant) in typos {
            assert_eq!(suggest(typo, STATES), Some(meant), "{typo}");
        }
    }

    #[test]
    fn unrelated_name_gets_no_suggestion() {
        for word in ["Refunded", "Open", "X", "Pa", "", "Shipping_Label"] {
            assert_eq!(suggest(word, STATES), None, "{word}");
        }
    }

    #[test]
    fn nearest_name_is_suggested() {
        assert_eq!(suggest("Statf", ["Start", "State"]), Some("State"));
    }
}
