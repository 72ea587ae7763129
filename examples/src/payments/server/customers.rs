//! Customers.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use idem_http::{Done, Work};

use super::call::{App, Caller, Source, happened, insert};
use super::error::ApiError;
use super::form::Form;
use super::objects;
use super::store::Store;

pub(super) async fn create<DB: Store>(
    State(app): State<App<DB>>,
    caller: Caller,
    mut work: Work<DB>,
    form: Form,
) -> Result<Done, ApiError> {
    form.only(&["description", "email", "expand", "metadata", "name", "phone"])?;
    let at = app.idem.now().await?;
    let mut customer = objects::customer(&objects::new_id("cus")?, at);
    for name in ["description", "email", "name", "phone"] {
        if let Some(text) = form.text(name) {
            customer[name] = text.into();
        }
    }
    objects::merge_metadata(&mut customer, form.metadata()?)?;
    let tx = work.tx().await?;
    insert(tx, &caller, ("customer", form.text("email").unwrap_or_default()), &customer).await?;
    happened(tx, &caller, at, ("customer.created", &customer)).await?;
    Source::Tx(tx).expand(&caller, &mut customer, &form.list("expand")).await?;
    Ok(work.done((StatusCode::OK, Json(customer))))
}
