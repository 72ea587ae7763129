//! The enum and its types are as private as can be, and the types mean what they mean where the enum stands.
mod shop {
    mod inner {
        use idem_core::{Context, Natural, Step, idempotent_fsm};
        use serde::{Deserialize, Serialize};

        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        struct Secret(u8);

        #[idempotent_fsm]
        #[command(Pay { secret: Secret, price: super::Price, own: self::Secret } -> Secret)]
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        enum Order {
            #[initial]
            #[on(Pay => Paid)]
            Pending { price: super::Price, nested: Option<Box<Self>> },
            #[terminal]
            Paid(Secret, crate::private_modules::shop::Price),
        }

        struct Rules;

        impl order::Transitions for Rules {
            type Rejection = idem_core::Never;

            fn pay(
                &self,
                from: order::Pending,
                pay: &order::Pay,
                _: &Context<'_>,
            ) -> Result<Step<order::Paid, Secret>, Self::Rejection> {
                Ok(Step::to(order::Paid(pay.secret.clone(), from.price)).outcome(pay.own.clone()))
            }
        }

        pub(super) fn run() {
            let start = order::Pending { price: super::Price(2), nested: None };
            let mut memory = Order::in_memory(Rules, start);
            let pay = order::Pay { secret: Secret(1), price: super::Price(2), own: Secret(3) };
            assert_eq!(*memory.pay(Natural, pay).unwrap(), Secret(3));
            assert_eq!(*memory.state(), Order::Paid(Secret(1), super::Price(2)));
        }
    }

    #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
    struct Price(i64);

    pub(crate) fn run() {
        inner::run();
    }
}

#[test]
fn machine_with_private_types_compiles_and_runs() {
    shop::run();
}
