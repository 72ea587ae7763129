#[idempotent_fsm(name = "house.door", module = door_machine, crate = crate::harmless, endless)]
#[command(
    /// Opens it.
    #[derive(Eq)]
    Open as OpenIt { #[fact] #[serde(rename = "at")] seen_at: Self, by: r#type::Who } -> super::Seen,
    per_visit,
    name = "open",
    was = "Unlock"
)]
#[command(r#Match)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(in super::house) enum Door {
    #[initial]
    #[name = "shut"]
    #[was("Closed", "Locked")]
    #[on(Open => Open)]
    #[on(Match => Shut)]
    Shut(),
    /// Wide open.
    #[on(Match => Shut | Open)]
    Open(u8, Who),
}
