#[idempotent_fsm]
#[command(Pay { amount: i64 } -> Receipt)]
#[command(Ship { tracking: String })]
#[command(Cancel { reason: String })]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Order {
    #[initial]
    #[on(Pay => Paid | Declined)]
    #[on(Cancel => Cancelled)]
    Pending { total: i64 },

    #[on(Ship => Shipped)]
    #[on(Cancel => Cancelled)]
    Paid { receipt: Receipt },

    #[terminal]
    Declined { reason: String },

    #[terminal]
    Shipped { tracking: String },

    #[terminal]
    Cancelled { reason: String },
}
