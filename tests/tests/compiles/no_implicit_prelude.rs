//! Nothing is in scope that is not named: no prelude, no crates, no tool attributes.
#![no_implicit_prelude]

#[::idem_core::idempotent_fsm]
#[command(Pay {
    amount: i64,
    #[serde(default = "seven", with = "text")]
    fee: i64,
    #[fact]
    #[serde(default)]
    rate: ::core::option::Option<i64>,
} -> ::std::string::String)]
#[command(Ship)]
#[command(Cancel)]
#[command(Remind, per_visit)]
#[derive(
    ::core::fmt::Debug, ::core::clone::Clone, ::core::cmp::PartialEq, ::serde::Serialize, ::serde::Deserialize,
)]
enum Order {
    #[initial]
    #[on(Pay => Paid | Declined)]
    #[on(Cancel => Declined)]
    Pending { total: i64 },
    #[on(Ship => Shipped)]
    #[on(Cancel => Declined | Shipped)]
    #[on(Remind => Paid)]
    Paid(i64),
    #[terminal]
    #[was("Refused")]
    Declined,
    #[terminal]
    Shipped,
}

fn seven() -> i64 {
    7
}

mod text {
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
    pub(super) fn serialize<S: ::serde::Serializer>(
        value: &i64,
        serializer: S,
    ) -> ::core::result::Result<S::Ok, S::Error> {
        serializer.serialize_i64(*value)
    }

    pub(super) fn deserialize<'de, D: ::serde::Deserializer<'de>>(
        deserializer: D,
    ) -> ::core::result::Result<i64, D::Error> {
        <i64 as ::serde::Deserialize>::deserialize(deserializer)
    }
}

struct Rules;

impl order::Transitions for Rules {
    type Rejection = ::idem_core::Never;

    fn pay(
        &self,
        _: order::Pending,
        pay: &order::Pay,
        _: &::idem_core::Context<'_>,
    ) -> ::core::result::Result<::idem_core::Step<order::PayTo, ::std::string::String>, Self::Rejection> {
        let text = ::std::string::ToString::to_string(&pay.amount);
        ::core::result::Result::Ok(::idem_core::Step::to(order::Paid(pay.amount)).outcome(text))
    }

    fn cancel_from_paid(
        &self,
        _: order::Paid,
        _: &order::Cancel,
        _: &::idem_core::Context<'_>,
    ) -> ::core::result::Result<::idem_core::Step<order::CancelFromPaidTo>, Self::Rejection> {
        ::core::result::Result::Ok(::idem_core::Step::to(order::Declined))
    }

    fn remind(
        &self,
        from: order::Paid,
        _: &order::Remind,
        _: &::idem_core::Context<'_>,
    ) -> ::core::result::Result<::idem_core::Step<order::Paid>, Self::Rejection> {
        ::core::result::Result::Ok(::idem_core::Step::to(from))
    }
}

#[::core::prelude::v1::test]
fn machine_without_implicit_prelude_compiles_and_runs() {
    let mut order = Order::in_memory(Rules, order::Pending { total: 5 });
    let pay = order::Pay { amount: 5, fee: 7, rate: ::core::option::Option::None };
    let paid = order.pay(::idem_core::Natural, pay).unwrap();
    ::core::assert_eq!(*paid, "5");
}
