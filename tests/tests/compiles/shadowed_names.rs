//! Names of the prelude and of the standard crates mean something else here.
#![allow(unused_macros, non_camel_case_types, reason = "names that are there to be in the way")]

mod core {}
mod std {}
mod serde {}

struct Result;
struct Option;
struct String;
struct Vec;
struct Box;
struct Ok;
struct Err;
struct Some;
struct None;
trait From {}
trait Into {}
trait Clone {}
trait Default {}
trait Send {}
trait Sync {}
macro_rules! matches {
    () => {};
}
macro_rules! unreachable {
    () => {};
}

#[idem_core::idempotent_fsm]
#[command(Pay { amount: i64, note: ::std::string::String } -> ::std::string::String)]
#[command(Result)]
#[derive(::core::fmt::Debug, ::core::clone::Clone, PartialEq, ::serde::Serialize, ::serde::Deserialize)]
enum Order {
    #[initial]
    #[on(Pay => Some | None)]
    Option,
    #[on(Result => Ok)]
    Some { list: ::std::vec::Vec<u8> },
    #[terminal]
    None,
    #[terminal]
    Ok,
}

struct Rules;

impl order::Transitions for Rules {
    type Rejection = idem_core::Never;

    fn pay(
        &self,
        _: order::Option,
        pay: &order::Pay,
        _: &idem_core::Context<'_>,
    ) -> ::core::result::Result<idem_core::Step<order::PayTo, ::std::string::String>, Self::Rejection> {
        ::core::result::Result::Ok(idem_core::Step::to(order::None).outcome(::core::clone::Clone::clone(&pay.note)))
    }
}

#[test]
fn machine_among_shadowed_names_compiles_and_runs() {
    let mut memory = Order::in_memory(Rules, order::Option);
    let pay = order::Pay { amount: 1, note: ::core::convert::Into::into("thanks") };
    assert_eq!(*memory.pay(idem_core::Natural, pay).unwrap(), "thanks");
}
