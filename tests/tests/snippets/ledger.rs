use idem_core::ledger::{AccountSettings, Bounds, Delta};
use idem_core::{Idem, Key};

async fn demo(idem: Idem<sqlx::Sqlite>, key: impl Fn(&str) -> Key) -> Result<(), idem_core::Error> {
let ledger = idem.ledger();
let wallet = ledger.account("wallet:7");
wallet.open(AccountSettings::from(Bounds::at_least(0)).unit("EUR")).await?;     // cents; an unopened account is unbounded
ledger.account("bank").open(AccountSettings::default().unit("EUR")).await?;
ledger.account("merchant:1").open(AccountSettings::tally().unit("EUR")).await?; // credited by many at once, no row lock

ledger.transfer(&key("payout"), "bank", "wallet:7", 1_000).await?;              // two entries that sum to zero, one key
let entry = wallet.apply_delta(&key("fee"), -30).await?;                        // seq, delta, balance after
assert!(wallet.apply_delta(&key("fee"), -30).await?.is_replay());               // the same entry; taken once
let hold = wallet.hold(&key("order"), 500).await?;                              // reserved, not gone
ledger.capture(&key("shipped"), &hold.id, "merchant:1", 450).await?;
ledger.release(&key("rest"), &hold.id).await?;

let state = wallet.get().await?.expect("opened above");
assert_eq!((state.balance, state.available()), (520, 520));
let batch = [Delta::new("wallet:7", &key("a"), -520), Delta::new("wallet:7", &key("b"), -1)];
let results = ledger.apply_batch(&batch).await?;                                // a result per item, in order
assert!(results[0].is_ok() && results[1].is_err());                             // the second would overdraw: refused alone
assert!(ledger.audit().await?.is_sound());                                      // the entries prove every balance
Ok(()) }

#[tokio::test]
async fn wallet_pays_once() -> super::Done {
    Ok(demo(Idem::open(&super::fresh().url()).await?, |name| Key::new("readme", name).expect("fits")).await?)
}
