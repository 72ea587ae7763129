include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/order.rs"));

async fn refund(_: Idem<Sqlite>, order: Paid, key: Key, _: String) -> Done {
struct Prices;

impl order::Facts for Prices {
    fn refund(&self, refund: &order::wire::Refund) -> order::facts::Refund {
        order::facts::Refund { amount: if refund.reason == "broken" { 500 } else { 450 } }
    }
}

let request: order::wire::Command = serde_json::from_str(r#"{"Refund": {"reason": "broken"}}"#)?;
let refunded = order.apply(&key, request.complete(&Prices)).await?;
assert_eq!(refunded.state(), Some(order::StateKind::Refunded));
Ok(()) }

#[test]
fn order_block_runs_twice() -> Done { twice(refund, 0) }
