use idem_core::Idem;
use idem_core::testing::{Explorer, Samples};
use idem_http::testing::Probe;
use serde_json::json;
use shop::order::{Order, Receipt, Rules, order, wallet};
use sqlx::Sqlite;

#[test]
fn order_answers_every_situation() {
    let receipt = Receipt { order: "sample".into(), amount: 500 };
    let samples = Samples::<Order>::new()
        .state(order::Placed { customer: "ann".into(), price: 500 })
        .state(order::Paid { receipt: receipt.clone() })
        .state(order::Shipped { receipt: receipt.clone() })
        .outcome("Pay", &receipt)
        .command(order::Pay { amount: 500 })
        .command(order::Pay { amount: 400 });
    let report = Explorer::new(&samples)
        .deposit(wallet("ann"), 1_000)
        .bounds(wallet("ann"), Some(0), None)
        .in_memory(|| Order::in_memory(Rules, order::Placed { customer: "ann".into(), price: 500 }));
    report.assert_complete();
    assert!(report.untaken.is_empty(), "{report}");
}

#[tokio::test]
async fn orders_route_is_safe_to_retry() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let folder = tempfile::tempdir()?;
    let idem = Idem::<Sqlite>::open(&format!("sqlite://{}", folder.path().join("shop.db").display())).await?;
    let probe = Probe::new(shop::service::service(&idem).await?);
    let count = || async {
        let sales: i64 = sqlx::query_scalar("SELECT count(*) FROM sales").fetch_one(idem.pool()).await.unwrap();
        sales.unsigned_abs()
    };
    let report = probe
        .post("/orders", json!({"customer": "ann", "item": "tea", "price": 5}))
        .changed(json!({"customer": "ann", "item": "tea", "price": 6}))
        .effects(count)
        .check()
        .await;
    println!("{report}");
    report.assert();
    Ok(())
}
