//! Lines that are no deliveries.

use super::rng::Rng;

pub(super) fn malformed(rng: &mut Rng, line: u64) -> String {
    let payment = format!("pay_{line}");
    let of =
        |command: &str| format!(r#"{{"scope":"shop-1","key":"x-{line}","payment":"{payment}","command":{command}}}"#);
    match rng.below(9) {
        0 => format!(r#"{{"scope":"shop-1","key":"x-{line}","payment":"{payment}","comm"#),
        1 => format!("capture {payment} 500"),
        2 => of(r#""chargeback""#),
        3 => of(r#""refund","args":{"amount":"500"}"#),
        4 => of(r#""refund","args":{"amount":0}"#),
        5 => of(r#""refund","args":{"amount":-500}"#),
        6 => format!(r#"{{"scope":"shop-1","key":"","payment":"{payment}","command":"expire"}}"#),
        7 => format!(r#"{{"scope":"shop-1","key":"x-{line}","command":"expire"}}"#),
        _ => format!(r#"{{"scope":"shop-1","ket":"x-{line}","payment":"{payment}","command":"expire"}}"#),
    }
}
