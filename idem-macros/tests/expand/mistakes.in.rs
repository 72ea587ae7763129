#[idempotent_fsm]
#[command(Pay)]
#[command(Ship)]
#[derive(Debug, Clone, PartialEq, Serialize)]
enum Order {
    #[initial]
    #[on(Pay => Piad)]
    #[on(Pay => Shipped)]
    #[on(Refund => Elsewhere)]
    Pending,
    #[on(Ship => Shipped)]
    Paid,
    #[terminal]
    Shipped,
}
