#[idempotent_fsm]
#[derive(Clone, Serialize, Deserialize)]
enum Rock {
    #[initial]
    #[terminal]
    Still,
}
