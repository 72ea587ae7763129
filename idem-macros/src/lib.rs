//! The attribute macro of `idem-core`; use it from there.

mod attr;
mod check;
mod diagnostics;
mod expand;
#[cfg(test)]
mod generated_names;
mod model;
mod recover;
mod reemit;
#[cfg(test)]
mod snapshots;

use proc_macro::TokenStream;

/// Makes a domain enum a machine: states are variants, commands are attributes, edges are attributes of variants.
///
/// ```ignore
/// #[idempotent_fsm]
/// #[command(Pay { amount: i64 } -> Receipt)]
/// #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
/// pub enum Order {
///     #[initial]
///     #[on(Pay => Paid | Declined)]
///     Pending { total: i64 },
///     #[terminal]
///     Paid { receipt: Receipt },
///     #[terminal]
///     Declined { reason: String },
/// }
/// ```
///
/// It stands above `#[derive]` and its own attributes, on an enum at module level. Everything generated stands in one
/// module beside the enum, named after it.
///
/// # Arguments
/// | argument | meaning |
/// |---|---|
/// | `name = "shop.order"` | the name under which machines are stored; the enum's name by default |
/// | `module = other` | the name of the generated module |
/// | `crate = ::path` | where `idem-core` is, if it was renamed |
/// | `endless` | a machine without an end is meant |
/// | `project(table = "…", id = "…", state = "…")` | reserved: writes the state's name to your row |
///
/// # On the enum
/// | attribute | meaning |
/// |---|---|
/// | `#[command(Pay { amount: i64 } -> Receipt)]` | a command, its payload, its outcome; payload and outcome may be left out |
/// | `#[command(Open as OpenIt { … })]` | the struct is `OpenIt`, because a state is called `Open` |
/// | `#[command(Pay { … }, per_visit)]` | without a key, one effect per visit of the source state |
/// | `#[command(Pay { … }, name = "pay", was = "Buy")]` | the name on the wire, an earlier name that is still read |
/// | `#[command(Pay { … }, remember_rejections)]` | its key remembers a rejection, 24 hours by default; the rejection needs serde, and a repeat a key |
/// | `#[command(Expire, internal)]` | it does not come from outside: not in `wire::Command` |
/// | `#[command(Pay { amount: i64, #[fact] rate: Rate })]` | a fact is stored and not compared: the first one wins; it does not come from outside either |
///
/// Doc comments and derives before the command's name go to its struct. It derives `Debug`, `Clone` and `PartialEq` where
/// the enum does and the command does not; the enum of all outcomes derives `Debug` with it. It always has serde. Paths in
/// serde's attributes on its fields, as in `default = "path"`, mean what they mean where the enum stands.
///
/// # On a variant
/// | attribute | meaning |
/// |---|---|
/// | `#[initial]` | machines start here; exactly one |
/// | `#[terminal]` | no command leads on |
/// | `#[on(Pay => Paid \| Declined)]` | the command leads to one of these states |
/// | `#[name = "open"]` | the name on the wire; the variant's name by default |
/// | `#[was("Unpaid")]` | an earlier name on the wire, still read |
/// | `#[after("30m", Expire)]` | reserved: the state is due after a while |
///
/// # What it makes
/// In a module named after the enum, here `order`:
///
/// | name | what it is |
/// |---|---|
/// | `Pending`, `Paid`, … | a struct per state; the enum is made `From` each |
/// | `Pay`, … | a struct per command: its payload |
/// | `Transitions` | the trait of your rules, a method per command; one whose command, outcome and targets carry nothing has a default, which always goes on: write it where it may refuse |
/// | `PayTo`, `CancelFrom` | the targets of a command that has several, and its sources; `Step::to(order::Paid { … })` fits the first |
/// | `Command`, `CommandKind` | any command, in serde's form `{"Pay": {…}}`; its name |
/// | `wire::Command`, `Facts` | a command as a client may send it: no internal one, no facts, no unknown members; `complete` adds the facts that your `Facts` look up |
/// | `StateKind`, `Reply` | a state's name; any command's outcome |
/// | `Repository`, `Handle`, `InTx`, `InMemory` | `Order::stored`, its `.at(id)`, that one's `.within(&mut tx)`, `Order::in_memory`; each has a method per command, and `apply` for any of them; those in a database also have `start`, and `start_and` for a start with its first command |
/// | `guard`, `allowed`, `why_not`, `mermaid`, `dot` | the graph |
///
/// ```ignore
/// fn pay(&self, from: order::Pending, pay: &order::Pay, _: &Context) -> Result<Step<order::PayTo, Receipt>, Refused> {
///     let receipt = Receipt { amount: pay.amount };
///     let step = match pay.amount == from.total {
///         true => Step::to(order::Paid { receipt: receipt.clone() }),
///         false => Step::to(order::Declined { reason: "wrong amount".into() }),
///     };
///     Ok(step.outcome(receipt))
/// }
/// ```
///
/// A command whose sources lead to different targets has a method per source (`cancel_from_paid`), so that a wrong target
/// never compiles.
///
/// `#[cfg]` on a variant works; an edge that leads to such a variant is written `#[cfg_attr(…, on(… => …))]`, a
/// command that only such edges use `#[cfg_attr(…, command(…))]`.
#[proc_macro_attribute]
pub fn idempotent_fsm(args: TokenStream, item: TokenStream) -> TokenStream {
    reemit::reemit(&args.into(), item.into()).into()
}

/// What `#[idempotent_fsm]` derives, by another name; not for use by hand.
///
/// Where the attribute is not imported, rustc advises to derive what has the other attributes: this name is what is read.
#[doc(hidden)]
#[proc_macro_derive(
    F506_use_idem_core_idempotent_fsm,
    attributes(initial, terminal, on, was, name, after, command, fact, __idem_args, __idem_derives, __idem_run)
)]
pub fn machine(item: TokenStream) -> TokenStream {
    expand::machine(item.into()).into()
}
