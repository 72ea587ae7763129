//! What every call of the API shares: the merchant, the reading of objects, and what is written with them.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use idem_core::{Idem, Timestamp, Tx};
use serde_json::Value;
use sqlx::Pool;

use super::error::ApiError;
use super::machine::intent;
use super::objects;
use super::rules::Processor;
use super::store::{Row, Store};

/// What the handlers share.
pub(super) struct App<DB: Store> {
    pub(super) idem: Idem<DB>,
    pub(super) intents: intent::Repository<DB, Processor>,
}

/// The merchant who calls, and the request.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    /// The account.
    pub(super) account: String,
    /// The id of this request, a new one for each.
    pub(super) request: String,
    /// The client's key.
    pub(super) key: Option<String>,
}

/// The id in the path.
#[derive(Debug)]
pub(super) struct Id(pub(super) String);

/// Where objects are read.
pub(super) enum Source<'s, DB: Store> {
    Pool(&'s Pool<DB>),
    Tx(&'s mut Tx<DB>),
}

/// What may be shown whole where its id stands, and its kind.
const EXPANDABLE: [(&str, &str); 4] =
    [("charge", "charge"), ("customer", "customer"), ("latest_charge", "charge"), ("payment_intent", "payment_intent")];

/// Paths of a request that are expanded.
const MOST_PATHS: usize = 10;
/// Steps of a path.
const MOST_STEPS: usize = 4;

impl<DB: Store> Source<'_, DB> {
    /// An object of this caller. `param` is the parameter that names it; `None` if the path does.
    ///
    /// # Errors
    /// [`ApiError`] if there is none.
    pub(super) async fn find(
        &mut self,
        caller: &Caller,
        kind: &str,
        id: &str,
        param: Option<&str>,
    ) -> Result<Value, ApiError> {
        if id.contains('\0') {
            return Err(ApiError::missing(kind, "", param));
        }
        let body = match self {
            Self::Pool(pool) => DB::find(pool, kind, &caller.account, id).await?,
            Self::Tx(tx) => DB::find_in(tx, kind, &caller.account, id).await?,
        };
        parsed(body, kind, id, param)
    }

    /// Shows the objects at these paths whole.
    ///
    /// # Errors
    /// [`ApiError`] for a path that cannot be expanded.
    pub(super) async fn expand(&mut self, caller: &Caller, object: &mut Value, paths: &[&str]) -> Result<(), ApiError> {
        if paths.len() > MOST_PATHS || paths.iter().any(|path| path.split('.').count() > MOST_STEPS + 1) {
            return Err(ApiError::param(
                "expand",
                "parameter_invalid",
                "There are too many paths, or they are too long.",
            ));
        }
        for path in paths {
            let (steps, places) = match (path.strip_prefix("data."), object["data"].as_array()) {
                (Some(steps), Some(data)) => (steps, (0..data.len()).map(|at| format!("/data/{at}")).collect()),
                _ => (*path, vec![String::new()]),
            };
            for place in places {
                self.expand_at(caller, object, place, steps).await?;
            }
        }
        Ok(())
    }

    async fn expand_at(
        &mut self,
        caller: &Caller,
        object: &mut Value,
        mut place: String,
        steps: &str,
    ) -> Result<(), ApiError> {
        for step in steps.split('.') {
            let kind = EXPANDABLE.into_iter().find(|(name, _)| *name == step).map(|(_, kind)| kind);
            place = format!("{place}/{step}");
            let (Some(kind), Some(value)) = (kind, object.pointer_mut(&place)) else {
                let message = format!("This property cannot be expanded ({step}).");
                return Err(ApiError::param("expand", "parameter_invalid", message));
            };
            // Where it has none, there is nothing more to show.
            if value.is_null() {
                return Ok(());
            }
            if let Some(id) = value.as_str() {
                *value = self.find(caller, kind, id, Some("expand")).await?;
            }
        }
        Ok(())
    }
}

/// An object of this caller that the transaction changes: nobody else does until it ends.
///
/// All transactions take their locks in one order, or they would wait for each other: the object that the request is about, its machine,
/// the accounts, then the rows that hang on the object. A charge belongs to its payment intent, and is changed under the lock of that.
///
/// # Errors
/// [`ApiError`] if there is none.
pub(super) async fn lock<DB: Store>(
    tx: &mut Tx<DB>,
    caller: &Caller,
    kind: &str,
    id: &str,
    param: Option<&str>,
) -> Result<Value, ApiError> {
    if id.contains('\0') {
        return Err(ApiError::missing(kind, "", param));
    }
    parsed(DB::lock(tx, kind, &caller.account, id).await?, kind, id, param)
}

fn parsed(body: Option<String>, kind: &str, id: &str, param: Option<&str>) -> Result<Value, ApiError> {
    let body = body.ok_or_else(|| ApiError::missing(kind, id, param))?;
    serde_json::from_str(&body).map_err(|error| ApiError::from(idem_http::Problem::internal(error)))
}

/// Adds an object.
pub(super) async fn insert<DB: Store>(
    tx: &mut Tx<DB>,
    caller: &Caller,
    (kind, parent): (&'static str, &str),
    object: &Value,
) -> Result<(), ApiError> {
    let row = Row {
        id: objects::id(object).to_owned(),
        kind,
        account: caller.account.clone(),
        parent: parent.to_owned(),
        body: object.to_string(),
    };
    Ok(DB::insert(tx, &row).await?)
}

/// Replaces an object.
pub(super) async fn update<DB: Store>(tx: &mut Tx<DB>, object: &Value) -> Result<(), ApiError> {
    Ok(DB::update(tx, objects::id(object), &object.to_string()).await?)
}

/// Notes what happened to an object, and queues it for the webhooks' endpoints.
pub(super) async fn happened<DB: Store>(
    tx: &mut Tx<DB>,
    caller: &Caller,
    at: Timestamp,
    (kind, object): (&str, &Value),
) -> Result<(), ApiError> {
    let request = (&*caller.request, caller.key.as_deref());
    let event = objects::event((&objects::new_id("evt")?, at), kind, object, request);
    insert(tx, caller, ("event", kind), &event).await?;
    Ok(DB::queue(tx, objects::id(&event)).await?)
}

impl<DB: Store> Clone for App<DB> {
    fn clone(&self) -> Self {
        Self { idem: self.idem.clone(), intents: self.intents.clone() }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let id = Path::from_request_parts(parts, state).await;
        id.map(|Path(id)| Self(id)).map_err(|_| ApiError::invalid("The path of the request cannot be read."))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| ApiError::invalid("You did not provide an API key."))
    }
}
