use idem_core::idempotent_fsm;

#[idempotent_fsm(endless)]
#[command(Open, remember_rejections, per_visit)]
#[command(Shut)]
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
enum Door {
    #[initial]
    #[on(Open => Opened)]
    Closed,
    #[on(Shut => Closed)]
    Opened,
}

fn main() {}
