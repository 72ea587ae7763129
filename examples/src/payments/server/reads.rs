//! Calls that only read.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::call::{App, Caller, Id, Source};
use super::error::ApiError;
use super::form::Form;
use super::intents::{available, currencies};
use super::objects;
use super::store::{Page, Store};

/// A kind of object as it is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    name: &'static str,
    /// The parameter that lists select by.
    by: &'static str,
    pub(super) url: &'static str,
}

pub(super) const CHARGES: Kind = Kind { name: "charge", by: "payment_intent", url: "/v1/charges" };
pub(super) const CUSTOMERS: Kind = Kind { name: "customer", by: "email", url: "/v1/customers" };
pub(super) const EVENTS: Kind = Kind { name: "event", by: "type", url: "/v1/events" };
pub(super) const INTENTS: Kind = Kind { name: "payment_intent", by: "customer", url: "/v1/payment_intents" };
/// By the claim of its request, as the page shows it.
pub(super) const PAYOUTS: Kind = Kind { name: "payout", by: "claim", url: "/v1/payouts" };
pub(super) const REFUNDS: Kind = Kind { name: "refund", by: "payment_intent", url: "/v1/refunds" };

const MOST: i64 = 100;
const LIMIT: i64 = 10;

type Answer = Result<Json<Value>, ApiError>;

impl Kind {
    /// The route of one object.
    pub(super) fn one(self) -> String {
        format!("{}/{{id}}", self.url)
    }

    /// One object.
    pub(super) async fn retrieve<DB: Store>(
        self,
        State(app): State<App<DB>>,
        caller: Caller,
        Id(id): Id,
        form: Form,
    ) -> Answer {
        form.only(&["client_secret", "expand"])?;
        let mut source = Source::Pool(app.idem.pool());
        let mut object = source.find(&caller, self.name, &id, None).await?;
        source.expand(&caller, &mut object, &form.list("expand")).await?;
        Ok(Json(object))
    }

    /// A page of them, the newest first.
    pub(super) async fn list<DB: Store>(self, State(app): State<App<DB>>, caller: Caller, form: Form) -> Answer {
        form.only(&["ending_before", "expand", "limit", "starting_after", self.by])?;
        let limit = form.integer("limit")?.unwrap_or(LIMIT);
        if !(1..=MOST).contains(&limit) {
            let message = format!("Invalid limit: give 1 to {MOST}.");
            return Err(ApiError::param("limit", "parameter_invalid_integer", message));
        }
        let mut source = Source::Pool(app.idem.pool());
        let (after, before) = (form.text("starting_after"), form.text("ending_before"));
        for (param, cursor) in [("starting_after", after), ("ending_before", before)] {
            if let Some(id) = cursor {
                source.find(&caller, self.name, id, Some(param)).await?;
            }
        }
        let page = Page { kind: self.name, account: &caller.account, parent: form.text(self.by), after, before, limit };
        let (bodies, has_more) = DB::list(app.idem.pool(), &page).await?;
        let data = bodies.iter().map(|body| serde_json::from_str(body)).collect::<Result<Vec<_>, _>>();
        let data = data.map_err(idem_http::Problem::internal)?;
        let mut list = objects::list(self.url, &data, has_more);
        source.expand(&caller, &mut list, &form.list("expand")).await?;
        Ok(Json(list))
    }
}

/// What the merchant may pay out: the balances of the ledger.
pub(super) async fn balance<DB: Store>(State(app): State<App<DB>>, caller: Caller, form: Form) -> Answer {
    form.only(&["expand"])?;
    let (mut free, mut pending) = (Vec::new(), Vec::new());
    for currency in currencies() {
        let state = app.idem.ledger().account(available(&caller.account, currency)).get().await?;
        let amount = state.map_or(0, |state| state.available());
        if amount != 0 || currency == "usd" {
            free.push(json!({"amount": amount, "currency": currency, "source_types": {"card": amount}}));
            pending.push(json!({"amount": 0, "currency": currency, "source_types": {"card": 0}}));
        }
    }
    Ok(Json(json!({"object": "balance", "available": free, "livemode": false, "pending": pending})))
}
