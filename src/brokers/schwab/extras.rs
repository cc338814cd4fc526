//! What Schwab offers besides the contract of a broker: a look at an order before it is
//! sent, the streamer's address, an order after a wake-up, and a human's word on an order
//! of which nobody knows.

use reqwest::Method;

use crate::brokers::broker::{OrderDoubt, OrderNews, OrderUpdate};
use crate::brokers::call::{Answer, CallError};
use crate::brokers::schwab::book::{Doubt, Fate};
use crate::brokers::schwab::broker::SchwabBroker;
use crate::brokers::schwab::orders::{rejection, written};
use crate::brokers::schwab::resolution::Standing;
use crate::brokers::schwab::rest::{Family, Request, unreadable};
use crate::brokers::schwab::translate::send;
use crate::brokers::schwab::wire::{WirePreferences, WirePreview, WireReason};
use crate::brokers::words::cleaned;
use crate::domain::ids::{BrokerOrderId, ClientOrderId};
use crate::domain::order::{OrderRequest, ReportedStatus};

/// What Schwab says of an order that was not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// What it would be refused for; empty when it would be taken.
    pub rejects: Vec<String>,
    /// What a human should know.
    pub warnings: Vec<String>,
}

/// How to log in to the streamer.
#[derive(Clone, PartialEq, Eq)]
pub struct StreamerInfo {
    /// Its address.
    pub url: String,
    /// Whose stream; not to be shown.
    pub customer_id: String,
    /// Which session; not to be shown.
    pub correl_id: String,
    /// Which channel.
    pub channel: String,
    /// Which function.
    pub function_id: String,
}

impl std::fmt::Debug for StreamerInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StreamerInfo").field("url", &self.url).finish_non_exhaustive()
    }
}

/// What a human has found out about an order in doubt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Schwab does not have it.
    NotPlaced,
    /// It is this order of Schwab's.
    Is(BrokerOrderId),
}

impl SchwabBroker {
    /// Asks what would become of an order; nothing is sent. Success says nothing: Schwab
    /// answers 200 for bad orders too (page §3.4).
    ///
    /// # Errors
    /// When the call fails, or Schwab does not offer such an order.
    pub async fn preview(&self, order: &OrderRequest) -> Result<Answer<Preview>, CallError> {
        let held = send::implied_holding(order).unwrap_or_else(|| self.opened_lately(order));
        let body = send::body(order, held).map_err(CallError::Refused)?;
        let body = written(&body);
        let hash = &self.opened().await?.hash;
        let path = ["accounts", hash, "previewOrder"];
        let label = "POST /accounts/{hash}/previewOrder";
        let request = Request::change(label, Method::POST, &path);
        let reply = self.rest.send(Request { body: Some(body), ..request }).await?;
        let wire: WirePreview = reply.json()?;
        let found = wire.order_validation_result.unwrap_or_default();
        let mut rejects = texts(found.rejects);
        let status = wire.order_strategy.and_then(|order| order.status);
        if rejects.is_empty() && status.as_deref() == Some("REJECTED") {
            rejects.push("it would be rejected".to_owned());
        }
        let warnings = [found.alerts, found.warns, found.reviews].into_iter().flat_map(texts);
        let warnings = warnings.collect();
        Ok(reply.answer(Preview { rejects, warnings }))
    }

    fn opened_lately(&self, order: &OrderRequest) -> send::Held {
        self.book().opened(order.symbol, self.rest.now())
    }

    /// Asks how to log in to the streamer.
    ///
    /// # Errors
    /// When the call fails, or Schwab names no streamer.
    pub async fn streamer(&self) -> Result<Answer<StreamerInfo>, CallError> {
        let path = ["userPreference"];
        let request = Request::read("GET /userPreference", Family::Trader, &path);
        let reply = self.rest.send(request).await?;
        let found = match reply.json()? {
            WirePreferences::One(one) => vec![one],
            WirePreferences::Many(many) => many,
        };
        let mut streamers = found.into_iter().flat_map(|one| one.streamer_info.unwrap_or_default());
        let info = streamers.next().ok_or_else(|| unreadable(&"it names no streamer"))?;
        Ok(reply.answer(StreamerInfo {
            url: info.streamer_socket_url,
            customer_id: info.schwab_client_customer_id,
            correl_id: info.schwab_client_correl_id,
            channel: info.schwab_client_channel,
            function_id: info.schwab_client_function_id,
        }))
    }

    /// Reads an order after a wake-up of the stream and tells it as a push would; `None`
    /// when Schwab does not know it. The stream itself is not believed (page §5.6).
    ///
    /// # Errors
    /// When the call fails.
    pub async fn update(
        &self,
        id: &BrokerOrderId,
    ) -> Result<Answer<Option<OrderUpdate>>, CallError> {
        let id = self.book().canonical(id);
        let Some(read) = self.read_wire(&id).await? else {
            return Ok(Answer { value: None, rate: None, request_id: None });
        };
        let order = self.named(&read.value)?;
        let news = if order.report.status == ReportedStatus::Rejected {
            OrderNews::Rejected { reason: rejection(&read.value).reason }
        } else {
            OrderNews::Standing
        };
        let at = order.updated_at;
        Ok(read.map(|_| Some(OrderUpdate { news, order, at })))
    }

    /// The orders of which nobody knows whether Schwab has them, by name. Each blocks its
    /// stock and side.
    pub fn doubts(&self) -> Vec<Doubt> {
        self.book().doubts()
    }

    /// Those of them that a human must decide about.
    pub(super) fn order_doubts(&self) -> Vec<OrderDoubt> {
        let told = self.doubts().into_iter().filter_map(|doubt| {
            let detail = in_words(&doubt.standing)?;
            Some(OrderDoubt { client_order_id: doubt.request.client_order_id, detail })
        });
        told.collect()
    }

    /// Takes a human's word on an order in doubt; false when it is not in doubt.
    pub fn decide(&self, id: &ClientOrderId, decision: Decision) -> bool {
        {
            let mut book = self.book();
            if !matches!(book.fate(id), Some(Fate::Doubted(_))) {
                return false;
            }
            let fate = match decision {
                Decision::NotPlaced => Fate::NotPlaced,
                Decision::Is(placed) => Fate::Placed(placed),
            };
            book.settle(id, fate);
        }
        self.landed.notify_waiters();
        true
    }
}

/// What looking has shown in the end; `None` while it goes on.
fn in_words(standing: &Standing) -> Option<String> {
    match standing {
        Standing::Looking { .. } | Standing::Placed(_) => None,
        Standing::ProbablyNotPlaced => Some("Schwab lists nothing like it".to_owned()),
        Standing::Ambiguous(ids) => {
            let ids: Vec<&str> = ids.iter().map(BrokerOrderId::as_str).collect();
            Some(format!("it may be Schwab's order {}", ids.join(" or ")))
        }
    }
}

fn texts(reasons: Option<Vec<WireReason>>) -> Vec<String> {
    let texts = reasons.into_iter().flatten().filter_map(|reason| reason.activity_message);
    texts.map(|text| cleaned(&text)).collect()
}
