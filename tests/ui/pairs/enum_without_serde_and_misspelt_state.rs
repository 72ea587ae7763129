use idem_core::idempotent_fsm;

#[idempotent_fsm]
#[command(Pay)]
#[command(Ship)]
#[derive(Debug, Clone, PartialEq)]
enum Order {
    #[initial]
    #[on(Pay => Paid)]
    Pending,
    #[on(Ship => Shippd)]
    Paid,
    #[terminal]
    Shipped,
}

fn main() {}
